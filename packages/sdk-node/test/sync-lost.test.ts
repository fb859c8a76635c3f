import { textOf } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import type { LostNotice, ReceivedEntry } from '../src/index.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { hold, loseBefore, pruneAll } from './fixtures/lose.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

/** Long enough for no test to see it pass. */
const NEVER_MS = 3_600_000

/** Three batches of carol: of one message, of two, of one. */
async function carolsBatches() {
  const writer = new LogWriter({ identity: 'carol', startedAtMs: Date.now() - 60_000 })
  const write = (...texts: string[]) => writer.write({ bodies: texts.map((text) => Buffer.from(text)) })
  return { log: writer.log, first: await write('0'), second: await write('1', '2'), third: await write('3') }
}

/** The next entries of a subscription. */
async function take(subscription: AsyncGenerator<ReceivedEntry>, count: number): Promise<ReceivedEntry[]> {
  const taken: ReceivedEntry[] = []
  while (taken.length < count) taken.push((await subscription.next()).value)
  return taken
}

/** What an entry is, in short. */
function shortly(entry: ReceivedEntry | undefined): string {
  if (entry?.kind === 'message') return entry.lostAt === undefined ? textOf(entry) : `late ${textOf(entry)}`
  return entry?.kind === 'lost' ? `lost ${entry.first}-${entry.last}` : `${entry?.kind}`
}

test('what nobody has any more is lost after a time, and comes late from who turns up with it', async () => {
  const { first, second, third, log } = await carolsBatches()
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      await appendAll(store, [first])
      await loseBefore(store, third)
    },
  })
  // The publisher itself, whose disk is gone.
  const carol = await startNode({ identity: 'carol' })
  const bob = await startNode({ identity: 'bob', lostAfterMs: 300 })
  const patient = await startNode({ identity: 'patient', lostAfterMs: NEVER_MS })
  const lost: LostNotice[] = []
  bob.node.addEventListener('lost', ({ detail }) => lost.push(detail))
  const subscription = bob.node.subscribe('test', { from: 'start' })
  for (const reader of [bob, patient]) {
    await connect(reader, alice)
    await connect(reader, carol)
  }

  const entries = await take(subscription, 3)
  expect(entries.map(shortly)).toEqual(['0', 'lost 1-2', '3'])
  expect(entries[1]).toMatchObject({
    kind: 'lost',
    reason: 'denied',
    log,
    first: 1,
    last: 2,
    arrival: 1,
    sender: carol.node.pastelId,
  })
  expect(lost).toMatchObject([{ kind: 'lost', log, first: 1, last: 2, arrival: 1 }])
  // Whoever waits longer holds what is behind the gap, and shows nothing of it.
  await waitUntil(() => patient.store.sizes.heldBatches === 1, { what: 'the patient one to hold it' })
  expect(patient.store.end).toBe(1)

  const dave = await startNode({
    identity: 'dave',
    prepare: (store) => appendAll(store, [first, second, third]),
  })
  await connect(bob, dave)
  await connect(patient, dave)
  const late = await take(subscription, 2)
  expect(late.map(shortly)).toEqual(['late 1', 'late 2'])
  expect(late).toMatchObject([
    { lostAt: 1, position: 1, arrival: 3 },
    { lostAt: 1, position: 2, arrival: 4 },
  ])
  await waitUntil(() => patient.store.end === 4, { what: 'the patient one to go on' })
  const patients = await take(patient.node.subscribe('test', { from: 'start' }), 4)
  expect(patients.map(shortly)).toEqual(['0', '1', '2', '3'])
  expect(bob.store.end).toBe(5)
  await subscription.return(undefined)
})

test('what its own sender has removed is lost at once', async () => {
  const { first, second, third, log } = await carolsBatches()
  const carol = await startNode({
    identity: 'carol',
    async prepare(store) {
      await appendAll(store, [first, second, third])
      await pruneAll(store)
    },
  })
  const bob = await startNode({ identity: 'bob', lostAfterMs: NEVER_MS })
  const subscription = bob.node.subscribe('test', { from: 'start' })
  await connect(bob, carol)
  const entries = await take(subscription, 2)
  expect(entries.map(shortly)).toEqual(['lost 0-2', '3'])
  expect(entries[0]).toMatchObject({ reason: 'pruned', log })
  await subscription.return(undefined)
})

test('what turns up late at one node goes on to those that were connected to it before', async () => {
  const { first, second, third } = await carolsBatches()
  const prepare = async (store: MessageStore) => {
    await appendAll(store, [first])
    await loseBefore(store, third)
  }
  const alice = await startNode({ identity: 'alice', prepare })
  const bob = await startNode({ identity: 'bob', prepare })
  await connect(alice, bob)
  const dave = await startNode({
    identity: 'dave',
    prepare: (store) => appendAll(store, [first, second, third]),
  })
  await connect(bob, dave)
  for (const { node } of [bob, alice]) {
    const entries = await take(node.subscribe('test', { from: 'start' }), 5)
    expect(entries.map(shortly)).toEqual(['0', 'lost 1-2', '3', 'late 1', 'late 2'])
  }
})

test('a peer that opens log sync and never answers does not keep the others waiting for ever', async () => {
  const { third } = await carolsBatches()
  const bob = await startNode({ identity: 'bob', lostAfterMs: 300, prepare: (store) => hold(store, third) })
  const silent = new BatchHolder()
  silent.heads = async function* () {
    await new Promise<void>(() => {})
    yield silent.honestHeads({ kind: 'heads', id: 1, channels: [] })
  }
  await joinHolder(bob, silent)
  await connect(bob, await startNode({ identity: 'honest' }))
  const [lost] = await take(bob.node.subscribe('test', { from: 'start' }), 1)
  expect(shortly(lost)).toBe('lost 0-2')
  // It was there all the time.
  expect(bob.node.peers()).toHaveLength(2)
  expect(silent.headsRequests()).toHaveLength(1)
})
