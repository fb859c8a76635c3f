import type { PastelId } from '@pastel-mesh/identity'
import { expect, it } from 'vitest'
import { describeStatus } from '../src/cli/status.ts'

const STATUS: Parameters<typeof describeStatus>[0] = {
  version: '1.0.0',
  pid: 1,
  startedAtMs: 0,
  network: 'local',
  pastelId: 'jXown' as PastelId,
  peerId: '12D3Koo',
  addresses: [],
  topics: [],
  relay: false,
  peers: [],
  knownNodes: 0,
  bans: 0,
  api: { urls: [], sessions: 0, followers: 0 },
  drainingSinceMs: null,
  store: {
    messages: 0,
    floor: 0,
    storedMessages: 0,
    storedBatches: 0,
    storedBytes: 0,
    heldBatches: 0,
    heldBytes: 0,
    commits: 0,
    syncs: 0,
  },
  disk: { state: 'ok', minFreeBytes: 0 },
  standing: { clock: { state: 'ok', peers: 0 } },
  bootstrap: [],
  refusals: [],
  alerts: [],
  counters: {
    published: { messages: 0, batches: 0 },
    received: { messages: 0, batches: 0 },
    dropped: {},
    sync: { refused: 0, timeouts: 0 },
    direct: { refused: { frames: 0, contents: 0, answers: 0 }, timeouts: 0 },
    receipts: { refused: 0, superseded: 0 },
  },
  queue: {
    state: 'running',
    ...{ waiting: 0, delayed: 0, running: 0, done: 0, failed: 0, cancelled: 0, expired: 0 },
    isPaused: false,
    pausedNames: [],
    unhandled: [],
  },
  bindings: [],
  plugins: [],
  once: { kept: 6_000, max: 8_192 },
  direct: {
    received: 0,
    waiting: 0,
    undelivered: { batches: 0, bytes: 0 },
    outbox: { usedBytes: 0, maxBytes: 2 ** 30 },
    carried: { batches: 0, bytes: 0 },
  },
} as never

it('says where the API is, and by how many it is used, where it is served', () => {
  const api = {
    urls: ['http://127.0.0.1:7123'],
    metricsUrl: 'http://127.0.0.1:7125',
    sessions: 2,
    followers: 1,
  }
  const shown = describeStatus({ ...STATUS, api }, '/node')
  expect(shown).toMatch(/^ {2}API +http:\/\/127\.0\.0\.1:7123\n {2}used by +2 sessions, 1 follower$/m)
  expect(shown).toMatch(/^ {2}metrics +http:\/\/127\.0\.0\.1:7125\/metrics$/m)
  expect(describeStatus(STATUS, '/node')).not.toMatch(/API|used by|metrics/)
})

it('the status says nothing of a node that stands well', () => {
  expect(describeStatus(STATUS, '/node')).not.toMatch(
    /clock|superseded|sent once|Alerts|Bootstrap|Refused|^ +(direct|receipts)/m,
  )
})

it('the status says that the clock is wrong, or another node has the PastelID, and what to do', () => {
  const superseded = { peerId: '12D3Other', addresses: ['/ip4/192.0.2.1/tcp/7124'], unshared: 3 }
  const standing = { clock: { state: 'wrong', offsetMs: -90_000, peers: 4 }, superseded } as never
  const lines = describeStatus({ ...STATUS, standing }, '/node').split('\n')
  expect(lines).toContainEqual(
    '  superseded     another node at /ip4/192.0.2.1/tcp/7124 (12D3Other) has this PastelID now, and this one publishes no more; 3 of its messages are nowhere else: export them with "pmesh messages --unshared --data /node", then stop one of the two',
  )
  expect(lines).toContainEqual(
    '  clock          it is 90 s behind those of 4 peers: nothing is published until it is set right (NTP does)',
  )
})

it('the status says what peers got wrong with direct messages and receipts', () => {
  const counters = {
    ...STATUS.counters,
    direct: { refused: { frames: 3, contents: 2, answers: 0 }, timeouts: 1 },
    receipts: { refused: 2, superseded: 0 },
  }
  const lines = describeStatus({ ...STATUS, counters }, '/node').split('\n')
  expect(lines).toContain(
    '  direct     3 questions that could not be read, 2 with wrong batches or receipts, 1 no answer in time',
  )
  expect(lines).toContain('  receipts   2 refused')
})

it('the status says that there is little room for keys of what jobs send, and what to do', () => {
  const lines = describeStatus({ ...STATUS, once: { kept: 6_554, max: 8_192 } }, '/node').split('\n')
  expect(lines).toContain(
    '  sent once  6,554 of 8,192 keys of messages that were sent once: above it jobs send nothing; retry or remove those that keep theirs ("pmesh jobs list failed --data /node", expired and cancelled ones as well)',
  )
})

it('the status says what of the queue an operator has to do something about', () => {
  const queue = {
    ...STATUS.queue,
    ...{ waiting: 12, delayed: 1_000, running: 1, failed: 2 },
    isPaused: true,
    pausedNames: ['mail'],
    unhandled: [
      { name: 'a', waiting: 10 },
      ...['b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name, waiting: 1 })),
    ],
  } as never
  const lines = describeStatus({ ...STATUS, queue }, '/node').split('\n')
  expect(lines).toContain(
    '  queue       12 waiting, 1 running, 1,000 delayed, 2 failed: "pmesh jobs list failed --data /node" says why',
  )
  expect(lines).toContain('  paused      everything: no job starts until "pmesh jobs resume --data /node"')
  expect(lines).toContain(
    '  no handler  a (10), b (1), c (1), d (1), e (1) and 2 others: nothing in this node does them; they wait for a program that has a handler of this name',
  )
  expect(describeStatus(STATUS, '/node')).toContain('  queue  0 waiting, 0 running, 0 delayed, 0 failed\n')
})

it('the status says that the queue does not answer', () => {
  const queue = { state: 'unavailable', code: 'ERR_QUEUE_SERVER', reason: 'it is gone' } as const
  expect(describeStatus({ ...STATUS, queue }, '/node')).toContain('  queue  it is gone\n')
})

it('the status says where each binding of messages to jobs stands', () => {
  const goes = {
    ...{ source: 'topic/orders', job: 'book', position: 7, end: 20, behind: 3 },
    ...{ jobs: 1_200, skipped: 4, undecodable: 0, lost: 0 },
  }
  const blocked = {
    ...{ code: 'ERR_BINDING_BLOCKED', message: 'it stands still at message m1: no price' },
    ...{ messageId: 'm1', attempts: 9, sinceMs: Date.now() - 60_000 },
  }
  const stands = { ...goes, source: 'inbox', job: 'answer', behind: 1_000, jobs: 0, lost: 2, blocked }
  const lines = describeStatus({ ...STATUS, bindings: [goes, stands] }, '/node').split('\n')
  expect(lines).toContain('  topic/orders → book  1,200 jobs since the start, 3 messages to come')
  expect(lines).toContain(
    '  inbox → answer       it stands still at message m1: no price; tried 9 times, first 1 min ago; 0 jobs since the start, 1,000 messages or more to come, 2 times messages were lost before',
  )
})

it('the status says what plugins add, and which of them fails', () => {
  expect(describeStatus(STATUS, '/node')).not.toContain('Plugins')
  const atMs = Date.now() - 5_000
  const plugins = [
    {
      name: 'greeter',
      source: './greeter.ts',
      procedures: ['ext.greeter.hello'],
      jobs: ['greeter.greet', 'greeter.inbox'],
      messages: ['inbox'],
      failures: 1,
      lastFailure: { message: 'background task tick: no luck\nand more', atMs },
      background: [
        {
          name: 'tick',
          timing: 'every 5s',
          runs: 3,
          failures: 1,
          skipped: 2,
          runMs: 4,
          isRunning: true,
          lastAtMs: atMs,
          nextAtMs: Date.now() + 4_500,
          lastFailure: { message: 'no luck', atMs },
        },
      ],
    },
  ]
  const text = describeStatus({ ...STATUS, plugins }, '/node')
  expect(text).toMatch(
    /greeter +\.\/greeter\.ts, 1 procedure, 2 jobs, messages of inbox +1 failure, the last 5 s ago: background task tick: no luck$/m,
  )
  expect(text).toMatch(
    /greeter\.tick +every 5s, 3 runs, the last 5 s ago, running, 2 times left out, for it was running, next in 4 s +1 failure, the last 5 s ago: no luck$/m,
  )
})
