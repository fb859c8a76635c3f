import type { PastelId } from '@pastel-mesh/identity'
import type { SignedBatch } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { type OpeningRates, SenderOpenings } from '../src/inbound/sender-openings.ts'
import { pastelIdOf } from '../src/pastel-id-of.ts'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { connect, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { appendAll, collect, openStore } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const PLENTY = { perSecond: 1e6, burst: 1e6 }
/** So many, and then hardly any more. */
const only = (burst: number) => ({ perSecond: 0.001, burst })

function decodedOf(signed: SignedBatch) {
  return { signed, sender: pastelIdOf(signed.batch.sender) }
}

const few: [what: string, rates: OpeningRates, reason: 'sender-runs' | 'sender-channels'][] = [
  ['runs', { runs: only(3), channels: PLENTY }, 'sender-runs'],
  ['channels', { runs: PLENTY, channels: only(3) }, 'sender-channels'],
]

test.each(few)(
  'over its rate of %s a sender begins nothing, and goes on with what it has',
  async (what, rates, reason) => {
    const { gossip, sync, counters, store } = await openInbound({ senderOpenings: rates })
    const channelOf = (i: number) => (what === 'runs' ? 'topic/test' : `topic/${i}`)
    const writers = [0, 1, 2, 3, 4].map((i) => freshWriter({ runs: `${i}`, channel: channelOf(i) }))
    for (const [i, writer] of writers.entries()) {
      const { envelope, batch } = await writer.write()
      const receive = i % 2 === 0 ? gossip : sync
      const verdict = await stored(receive(envelope, { channel: batch.channel }))
      // Ignored: other nodes may have seen less of it.
      expect(verdict).toMatchObject(i < 3 ? { action: 'accept' } : { action: 'ignore', reason })
    }
    expect(counters.dropped[reason]).toBe(2)
    for (const writer of writers.slice(0, 3)) await stored(sync((await writer.write()).envelope))
    expect(store.end).toBe(6)
    // Another one is not touched.
    const other = await freshWriter({ identity: 'bob' }).write()
    expect(await stored(gossip(other.envelope))).toMatchObject({ action: 'accept' })
  },
)

test('runs in a channel that is known cost no channel, also while the first is on its way to the disk', async () => {
  const { sync, store } = await openInbound({ senderOpenings: { runs: PLENTY, channels: only(1) } })
  for (const runs of ['1', '2', '3']) await stored(sync((await freshWriter({ runs }).write()).envelope))
  expect(store.end).toBe(3)
  const senderOpenings = { runs: PLENTY, channels: only(1) }
  const openings = new SenderOpenings(
    { own: 'somebody else' as PastelId, senderOpenings },
    { store: await openStore() },
  )
  const [one, two] = [
    decodedOf(await freshWriter({ runs: '1' }).write()),
    decodedOf(await freshWriter({ runs: '2' }).write()),
  ]
  // For ever on its way.
  const accept = async () => ({ action: 'accept', committed: new Promise(() => {}) })
  await openings.charged(one, accept)
  await openings.charged(two, accept)
  const other = decodedOf(await freshWriter({ channel: 'topic/other' }).write())
  await expect(openings.charged(other, accept)).rejects.toThrow('sender-channels')
})

test('who is over its rate is told so before its signature is checked', async () => {
  const { gossip, counters } = await openInbound({ senderOpenings: { runs: only(2), channels: PLENTY } })
  const [one, two, three] = [0, 1, 2].map((i) => freshWriter({ runs: `${i}` })) as [
    LogWriter,
    LogWriter,
    LogWriter,
  ]
  const batch = await one.write()
  await stored(gossip(batch.envelope))
  // What goes on in it, and a copy, begin nothing.
  await stored(gossip((await one.write()).envelope))
  expect(await gossip(batch.envelope)).toEqual({ action: 'ignore', reason: 'duplicate' })
  await stored(gossip((await two.write()).envelope))
  const { verifications } = counters
  expect(await gossip((await three.write()).envelope)).toEqual({ action: 'ignore', reason: 'sender-runs' })
  expect(counters.verifications).toBe(verifications)
})

test('what is not stored in the end costs nothing, and no more than 8,192 senders are remembered', async () => {
  const senderOpenings = { runs: only(1), channels: only(1) }
  const openings = new SenderOpenings(
    { own: 'somebody else' as PastelId, senderOpenings },
    { store: await openStore() },
  )
  const decoded = decodedOf(await freshWriter().write())
  const accept = async () => ({ action: 'accept', committed: Promise.resolve() })
  await openings.charged(decoded, async () => ({ action: 'ignore' }))
  await expect(openings.charged(decoded, () => Promise.reject(new Error('the disk')))).rejects.toThrow(
    'the disk',
  )
  await openings.charged(decoded, accept)
  await expect(openings.charged(decoded, accept)).rejects.toThrow('sender-runs')
  for (let i = 0; i < 8_200; i += 1) {
    await openings.charged({ ...decoded, sender: `somebody ${i}` as PastelId }, accept)
  }
  expect(openings.size).toBe(8_192)
})

test('a member that opens endless runs gets no further than its share, and nobody else waits for it', async () => {
  const hostile = seededSigner('mallory')
  const runs: SignedBatch[] = []
  for (let run = 0; run < 40; run += 1) {
    runs.push(await new LogWriter({ identity: 'mallory', runs: `${run}` }, hostile).write())
  }
  const honest = await new LogWriter({ identity: 'carol' }).write()
  const mallory = await startNode({
    identity: 'mallory',
    prepare: (store) => appendAll(store, [...runs, honest]),
  })
  const bob = await startNode({ identity: 'bob', senderOpenings: { runs: only(4), channels: PLENTY } })
  await connect(bob, mallory)
  await waitUntil(() => bob.node.counters.dropped['sender-runs'] >= 36, { what: 'the rest to be deferred' })
  await waitUntil(() => bob.store.end === 5, { what: 'its share, and the honest one' })
  expect((await textsAt(bob)).filter((text) => text.startsWith('carol'))).toHaveLength(1)
  // They are wanted still, and nobody is blamed.
  await waitUntil(() => bob.node.counters.sync.deferred >= 36, { what: 'log sync to want the rest later' })
  expect(bob.node.counters.sync).toMatchObject({ refused: 0, timeouts: 0 })
  expect(bob.node.peers()).toHaveLength(1)
})

test('a member that writes to endless channels gets no further than its share', async () => {
  const topics = Array.from({ length: 12 }, (_, i) => `t${i}`)
  const batches: SignedBatch[] = []
  for (const topic of topics)
    batches.push(await new LogWriter({ identity: 'mallory', channel: `topic/${topic}` }).write())
  batches.push(await new LogWriter({ identity: 'carol', channel: 'topic/t11' }).write())
  const mallory = await startNode({
    identity: 'mallory',
    topics,
    prepare: (store) => appendAll(store, batches),
  })
  const senderOpenings = { runs: PLENTY, channels: only(4) }
  const bob = await startNode({ identity: 'bob', topics, senderOpenings })
  await connect(bob, mallory)
  await waitUntil(async () => bob.node.counters.dropped['sender-channels'] >= 8, {
    what: 'the rest to be deferred',
  })
  await waitUntil(async () => bob.store.end === 5, { what: 'its share, and the honest one' })
  expect((await textsAt(bob, 't11')).filter((text) => text.startsWith('carol'))).toHaveLength(1)
})

test('a node that crashes in a loop stays reachable: what is over its rate comes later, in order, and nothing is lost', async () => {
  const starts = new LogWriter({ identity: 'carol' })
  const runs: SignedBatch[] = []
  for (let start = 0; start < 8; start += 1) {
    runs.push(await starts.newRun().write({ bodies: [Buffer.from(`start ${start}`)] }))
  }
  const prepare = async (store: MessageStore) => {
    for (const run of runs) {
      const placement = await store.place(run, { own: true })
      if (placement.status === 'appended') await placement.committed
    }
  }
  const carol = await startNode({ identity: 'carol', prepare })
  const senderOpenings = { runs: { perSecond: 1.5, burst: 4 }, channels: PLENTY }
  const bob = await startNode({ identity: 'bob', senderOpenings, lostAfterMs: 200 })
  await connect(bob, carol)
  await waitUntil(() => bob.node.counters.dropped['sender-runs'] > 0, { what: 'a run over the rate' })
  await carol.node.publish('test', { text: 'now' })
  expect(await stores(bob, 9, 'test', 60_000)).toEqual([...runs.map((_, i) => `start ${i}`), 'now'])
  const entries = await collect(bob.store.read())
  expect(entries.map(({ kind }) => kind)).toEqual(Array.from({ length: 9 }, () => 'batch'))
})
