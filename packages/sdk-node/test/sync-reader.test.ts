import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { RangeClaims } from '../src/sync/range-claims.ts'
import { SyncReader } from '../src/sync/reader.ts'
import { SyncPlace } from '../src/sync/sync-place.ts'
import { BatchHolder, SYNC_PROTOCOL } from './fixtures/batch-holder.ts'
import { openInbound } from './fixtures/inbound.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { startNode, stores } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

/** A reader of a holder over a real connection, without a node around it. */
async function openReader(holder: BatchHolder, answerTimeoutMs = 30_000) {
  const [one, other] = [await ProtocolPeer.start('holder'), await ProtocolPeer.start('reader')]
  await one.handle(SYNC_PROTOCOL, holder.serve)
  const connection = await other.dial(one.address)
  const inbound = await openInbound()
  const place = new SyncPlace()
  const reader = new SyncReader({
    store: inbound.store,
    counters: inbound.counters.sync,
    place,
    claims: new RangeClaims(),
    answerTimeoutMs,
    openStream: (signal) => connection.newStream(SYNC_PROTOCOL, { signal }),
    receive: (envelope, delivery) => inbound.sync(envelope, delivery),
    onDenied: async () => {},
  })
  return { reader, place, connection, ...inbound }
}

async function write(count: number, channel = 'topic/test'): Promise<SignedBatch[]> {
  const writer = new LogWriter({ identity: 'carol', channel })
  const batches: SignedBatch[] = []
  for (let i = 0; i < count; i += 1) batches.push(await writer.write())
  return batches
}

test('more channels than one request can name are read in several', async () => {
  const holder = new BatchHolder()
  const channels = Array.from({ length: 1100 }, (_, i) => `topic/${i}`)
  holder.batches = (await Promise.all([3, 700, 1099].map((i) => write(2, `topic/${i}`)))).flat()
  const { reader, store } = await openReader(holder)
  expect(await reader.pass(channels)).toBe(true)
  expect(store.end).toBe(6)
  expect(holder.headsRequests().map((request) => request.channels.length)).toEqual([512, 512, 76])
  expect(await reader.pass(channels.toReversed())).toBe(false)
  expect(
    holder
      .headsRequests()
      .slice(3)
      .every(({ from }) => from?.position === 6),
  ).toBe(true)
})

test('a pass begins where the last one ended, also under a new order of the same channels', async () => {
  const holder = new BatchHolder(await write(3))
  const { reader, store } = await openReader(holder)
  expect(await reader.pass(['topic/test', 'topic/other'])).toBe(true)
  expect(await reader.pass(['topic/other', 'topic/test'])).toBe(false)
  expect(await reader.pass(['topic/test'])).toBe(false)
  expect(holder.headsRequests().map(({ from }) => from?.position)).toEqual([undefined, 3, undefined])
  expect(holder.rangesRequests()).toHaveLength(1)
  expect(store.end).toBe(3)
})

test('no channels: nothing is asked', async () => {
  const holder = new BatchHolder(await write(1))
  const { reader } = await openReader(holder)
  expect(await reader.pass([])).toBe(false)
  expect(holder.requests).toEqual([])
})

test('a holder that brings one batch at a time is asked until all are here', async () => {
  const holder = new BatchHolder(await write(40))
  holder.ranges = (request) => {
    const answer = holder.honestRanges(request)
    return [{ ...answer, batches: answer.batches.slice(0, 1) }]
  }
  const { reader, store } = await openReader(holder)
  await reader.pass(['topic/test'])
  expect(store.end).toBe(40)
  expect(holder.rangesRequests()).toHaveLength(40)
})

test('a holder that brings the same batch again and again is not asked for ever', async () => {
  const batches = await write(5)
  const holder = new BatchHolder(batches)
  holder.ranges = (request) => [
    { ...holder.honestRanges(request), batches: [(batches[0] as SignedBatch).envelope] },
  ]
  const { reader, store } = await openReader(holder)
  await expect(reader.pass(['topic/test'])).resolves.toBe(true)
  expect(store.end).toBe(1)
  expect(holder.rangesRequests()).toHaveLength(2)
})

test('what is missing before held batches is not asked for ever', async () => {
  const batches = await write(5)
  const holder = new BatchHolder(batches)
  holder.ranges = (request) => [
    { ...holder.honestRanges(request), batches: batches.slice(1).map(({ envelope }) => envelope) },
  ]
  const { reader, counters, store } = await openReader(holder)
  await reader.pass(['topic/test'])
  await reader.pass(['topic/test'])
  expect(counters.received.held).toBe(4)
  expect(store.end).toBe(0)
  expect(holder.rangesRequests().length).toBeLessThanOrEqual(2)
})

test('denied ranges are wanted later, and the rest is taken', async () => {
  const batches = await write(5)
  const others = await new LogWriter({ identity: 'dave' }).write()
  const holder = new BatchHolder([...batches, others])
  holder.ranges = (request) => [
    {
      ...holder.honestRanges(request),
      batches: [...batches.slice(0, 2), others].map(({ envelope }) => envelope),
      denied: request.ranges.filter(({ log }) => log !== others.log).map((range) => ({ ...range, first: 2 })),
    },
  ]
  const { reader, store, place, counters } = await openReader(holder)
  await reader.pass(['topic/test'])
  expect(store.end).toBe(3)
  // It claimed what it does not hold.
  expect(counters.sync).toMatchObject({ heads: 2, ranges: 2, denied: 1, deferred: 1 })
  expect(holder.rangesRequests()).toHaveLength(1)
  expect(place.due(Number.POSITIVE_INFINITY)).toMatchObject([{ first: 2, last: 4 }])
})

test('if there is no room to remember what did not come, the place is kept', async () => {
  const holder = new BatchHolder(await write(2))
  holder.ranges = ({ id, ranges }) => [
    { kind: 'ranges', id, batches: [], denied: ranges, pruned: [], done: true },
  ]
  const { reader, place } = await openReader(holder)
  const carol = seededSigner('carol')
  for (let i = 0; i < 4096; i += 1) {
    const { log } = new LogWriter({ identity: 'carol', runs: `${i}` }, carol)
    place.defer({ log, first: 0, last: 0, channel: 'topic/test' }, performance.now() + 3_600_000)
  }
  await reader.pass(['topic/test'])
  await reader.pass(['topic/test'])
  expect(holder.headsRequests().map(({ from }) => from)).toEqual([undefined, undefined])
  expect(holder.rangesRequests()).toHaveLength(2)
})

test('a place that is forgotten during a pass stays forgotten', async () => {
  const holder = new BatchHolder(await write(2))
  const { reader, place, store } = await openReader(holder)
  holder.ranges = (request) => {
    place.forget()
    return [holder.honestRanges(request)]
  }
  await reader.pass(['topic/test'])
  await reader.pass(['topic/test'])
  expect(holder.headsRequests().map(({ from }) => from)).toEqual([undefined, undefined])
  expect(store.end).toBe(2)
})

test('a pass over pages without end ends, and goes on in the next', async () => {
  const batches = await write(1)
  const holder = new BatchHolder(batches)
  let position = 10
  holder.heads = (request) => {
    position += 1
    return [
      {
        ...holder.honestHeads({ ...request, from: holder.cursor(0) }),
        next: holder.cursor(position),
        more: true,
      },
    ]
  }
  const { reader } = await openReader(holder)
  await reader.pass(['topic/test'])
  const asked = holder.headsRequests().length
  expect(asked).toBeLessThanOrEqual(256)
  await reader.pass(['topic/test'])
  expect(holder.headsRequests()[asked]?.from?.position).toBe(10 + asked)
})

test('a holder that takes too long is given up, and can be asked again', async () => {
  const holder = new BatchHolder(await write(3))
  const { reader, store } = await openReader(holder, 50)
  holder.ranges = async function* (request) {
    await new Promise<void>(() => {})
    yield holder.honestRanges(request)
  }
  await expect(reader.pass(['topic/test'])).rejects.toMatchObject({ code: 'ERR_SYNC_TIMEOUT' })
  reader.reset()
  await waitUntil(() => holder.dropped === 1, { what: 'the stream to be given up' })
  holder.ranges = (request) => [holder.honestRanges(request)]
  await reader.pass(['topic/test'])
  expect(store.end).toBe(3)
  expect(holder.opened).toBe(2)
})

test('a holder that answers drop by drop is given up', async () => {
  const batches = await write(3)
  const holder = new BatchHolder(batches)
  const { reader } = await openReader(holder, 100)
  holder.ranges = async function* (request) {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield { ...holder.honestRanges(request), batches: [(batches[0] as SignedBatch).envelope], done: false }
    }
  }
  await expect(reader.pass(['topic/test'])).rejects.toMatchObject({ code: 'ERR_SYNC_TIMEOUT' })
})

test('a closed reader ends its pass, opens no stream again, and lets the batches on their way arrive', async () => {
  const holder = new BatchHolder(await write(3))
  const { reader, connection } = await openReader(holder)
  const asked = Promise.withResolvers<void>()
  holder.ranges = async function* (request) {
    asked.resolve()
    await new Promise<void>(() => {})
    yield holder.honestRanges(request)
  }
  const passing = reader.pass(['topic/test'])
  const ended = expect(passing).rejects.toMatchObject({ code: 'ERR_SYNC_CLOSED' })
  await asked.promise
  reader.close()
  await ended
  await expect(reader.pass(['topic/test'])).rejects.toMatchObject({ code: 'ERR_SYNC_CLOSED' })
  await waitUntil(() => connection.streams.every(({ protocol }) => protocol !== SYNC_PROTOCOL), {
    what: 'the stream to be gone',
  })
})

test('a peer that comes back is read from where it was left', async () => {
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 3_600_000 })
  const holder = new BatchHolder(await write(3))
  const peer = await joinHolder(bob, holder)
  await stores(bob, 3)
  await waitUntil(() => holder.headsRequests().length === 1, { what: 'the first pass' })
  for (let i = 0; i < 2; i += 1) {
    for (const connection of peer.libp2p.getConnections()) await connection.close()
    await waitUntil(() => bob.node.peers().length === 0, { what: 'the connection to be gone' })
    await peer.join(bob.address)
    await waitUntil(() => holder.headsRequests().length === i + 2, { what: 'another pass' })
  }
  expect(holder.headsRequests().map(({ from }) => from?.position)).toEqual([undefined, 3, 3])
})

test('what a peer announces beyond held batches is fetched as well', async () => {
  const batches = await write(8)
  const holder = new BatchHolder(batches)
  const { reader, store, sync } = await openReader(holder)
  // One batch in the middle is here and held, as after a moment without the sender; the holder has all.
  const held = await sync((batches[4] as SignedBatch).envelope, {
    isAsked: () => true,
    signal: reader.signal,
  })
  expect(held).toMatchObject({ action: 'accept', missing: {} })
  await reader.pass(['topic/test'])
  await store.settled()
  for (let i = 0; i < 3; i += 1) await reader.pass(['topic/test'])
  expect(store.end).toBe(8)
})

test('a connection whose muxer has closed, and which does not say so yet, is a hang-up', async () => {
  const { reader, connection } = await openReader(new BatchHolder())
  await (connection as unknown as { muxer: { close(): Promise<void> } }).muxer.close()
  expect(connection.status).toBe('open')
  await expect(reader.pass(['topic/test'])).rejects.toMatchObject({ code: 'ERR_SYNC_CLOSED' })
})
