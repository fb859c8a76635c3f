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
  direct: {
    received: 0,
    waiting: 0,
    undelivered: { batches: 0, bytes: 0 },
    outbox: { usedBytes: 0, maxBytes: 2 ** 30 },
    carried: { batches: 0, bytes: 0 },
  },
} as never

it('the status says nothing of a node that stands well', () => {
  expect(describeStatus(STATUS, '/node')).not.toMatch(
    /clock|superseded|Alerts|Bootstrap|Refused|^ +(direct|receipts)/m,
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
