import { expect, test } from 'vitest'
import type { DropReason } from '../src/counters.ts'
import type { MemberRegistry } from '../src/members/member-registry.ts'
import {
  CHANNEL,
  countedBatches,
  forged,
  freshWriter,
  OWN_IDENTITY,
  openInbound,
  stored,
} from './fixtures/inbound.ts'
import { batchesOf, collect } from './fixtures/storage.ts'
import { waitUntil } from './fixtures/testkit.ts'

const MINUTE = 60_000
const NOBODY: MemberRegistry = { start: async () => {}, stop: async () => {}, memberAt: () => undefined }

/** Field 15, varint 0, behind the batch: protobuf decoders skip it. */
const UNKNOWN_FIELD = [0x78, 0x00]

const malformed: [what: string, make: () => Promise<Uint8Array>][] = [
  ['nothing', async () => new Uint8Array(0)],
  ['less than a signature', async () => new Uint8Array(114)],
  ['more than the largest envelope', async () => new Uint8Array(600 * 1024)],
  ['random bytes', async () => Uint8Array.from({ length: 500 }, (_, i) => (i * 167 + 13) % 256)],
  [
    'a batch with an unknown field behind it',
    async () => Buffer.concat([(await freshWriter().write()).envelope, Buffer.from(UNKNOWN_FIELD)]),
  ],
  ['a batch cut short', async () => (await freshWriter().write()).envelope.slice(0, -1)],
  [
    'a batch that counts more messages than it has',
    async () => (await freshWriter().write({ change: { count: 2 } })).envelope,
  ],
  [
    'a batch with a payload that is none',
    async () => (await freshWriter().write({ change: { payload: Uint8Array.of(7, 7, 7) } })).envelope,
  ],
]

test.each(malformed)('%s is rejected as malformed, by gossip and by sync', async (_what, make) => {
  const { gossip, sync, counters } = await openInbound()
  const envelope = await make()
  expect(await gossip(envelope)).toEqual({ action: 'reject', reason: 'malformed' })
  expect(await sync(envelope)).toEqual({ action: 'reject', reason: 'malformed' })
  expect(counters.verifications).toBe(0)
  expect(counters.dropped.malformed).toBe(2)
})

test.each<['gossip' | 'sync']>([['gossip'], ['sync']])(
  'what the bytes prove wrong is rejected: %s',
  async (via) => {
    const { pipeline, counters, store } = await openInbound()
    const receive = (envelope: Uint8Array) =>
      pipeline.receive(envelope, { via, peer: 'peer', channel: CHANNEL })
    const writer = freshWriter()
    const rejected: [Uint8Array, DropReason][] = [
      [forged(await writer.fork().write()), 'signature'],
      [(await writer.fork().write({ change: { sender: new Uint8Array(57) } })).envelope, 'signature'],
      [(await freshWriter({ network: 'othernet' }).write()).envelope, 'wrong-network'],
      [(await freshWriter({ channel: 'topic/test2' }).write()).envelope, 'wrong-topic'],
    ]
    for (const [envelope, reason] of rejected)
      expect(await receive(envelope)).toEqual({ action: 'reject', reason })
    expect(counters.verifications).toBe(2)
    expect(store.end).toBe(0)
    expect(countedBatches(counters)).toBe(rejected.length)
  },
)

test('a sender that is no member is ignored, whichever way', async () => {
  const { gossip, sync, counters } = await openInbound({ registry: NOBODY })
  const { envelope } = await freshWriter().write()
  expect(await gossip(envelope)).toEqual({ action: 'ignore', reason: 'not-a-member' })
  expect(await sync(envelope)).toEqual({ action: 'ignore', reason: 'not-a-member' })
  expect(counters.verifications).toBe(0)
})

test('gossip ignores what is late, early or expired', async () => {
  const { gossip, counters, store } = await openInbound()
  const now = Date.now()
  const at = (startedAtMs: number, expiresAtMs = 0) =>
    freshWriter({ startedAtMs }).write({ change: { expiresAtMs } })
  const ignored: [Promise<{ envelope: Uint8Array }>, DropReason][] = [
    [at(now - 6 * MINUTE), 'too-old'],
    [at(now + 3 * MINUTE), 'from-the-future'],
    [at(now - 2000, now - 1000), 'expired'],
  ]
  for (const [batch, reason] of ignored) {
    expect(await gossip((await batch).envelope)).toEqual({ action: 'ignore', reason })
  }
  expect(counters.verifications).toBe(0)
  expect(store.end).toBe(0)
})

test('gossip takes what clocks that differ a little make', async () => {
  const { gossip, store } = await openInbound()
  const now = Date.now()
  await stored(
    gossip((await freshWriter({ identity: 'late', startedAtMs: now - 4 * MINUTE }).write()).envelope),
  )
  await stored(gossip((await freshWriter({ identity: 'early', startedAtMs: now + MINUTE }).write()).envelope))
  expect(store.end).toBe(2)
})

test('sync takes what is late or expired, for it has its place in its log, but nothing from the future', async () => {
  const { sync, store, counters } = await openInbound()
  const now = Date.now()
  const old = freshWriter({ startedAtMs: now - 1000 * 24 * 60 * MINUTE })
  await stored(sync((await old.write()).envelope))
  await stored(sync((await old.write({ change: { expiresAtMs: now - 60_000 } })).envelope))
  expect(store.end).toBe(2)
  expect(counters.received).toEqual({ batches: 2, messages: 2, gossip: 0, sync: 2, direct: 0, held: 0 })
  const future = await freshWriter({ identity: 'bob', startedAtMs: now + 3 * MINUTE }).write()
  expect(await sync(future.envelope)).toEqual({ action: 'ignore', reason: 'from-the-future' })
})

test('a batch after a gap is forwarded and held, and the gap is named', async () => {
  const { gossip, store, counters } = await openInbound()
  const writer = freshWriter()
  await stored(gossip((await writer.write({ count: 2 })).envelope))
  await writer.write({ count: 3 })
  const later = await writer.write({ count: 4 })
  expect(await stored(gossip(later.envelope))).toMatchObject({
    action: 'accept',
    missing: { id: writer.log, first: 2, last: 4 },
  })
  expect(store.end).toBe(2)
  expect(await store.has(later)).toBe(true)
  expect(await gossip(later.envelope)).toEqual({ action: 'ignore', reason: 'duplicate' })
  expect(counters.received).toEqual({ batches: 2, messages: 6, gossip: 2, sync: 0, direct: 0, held: 1 })
})

test('a batch after a gap enters the order once the gap is filled', async () => {
  const { gossip, sync, store } = await openInbound()
  const writer = freshWriter()
  const [first, second] = [await writer.write(), await writer.write()]
  await stored(gossip(second.envelope))
  await stored(sync(first.envelope))
  await waitUntil(() => store.end === 2, { what: 'the held batch to enter the order' })
  const order = await batchesOf(store.read())
  expect(order.map(({ signed }) => signed.batch.first)).toEqual([0, 1])
})

test('what is missing before a batch that is older than the wanted history is not waited for', async () => {
  const { sync, store } = await openInbound({ historyMs: MINUTE })
  const writer = freshWriter({ startedAtMs: Date.now() - 2 * MINUTE })
  await writer.write({ count: 3 })
  const { envelope } = await writer.write()
  expect(await stored(sync(envelope))).not.toHaveProperty('missing')
  expect(await collect(store.read())).toMatchObject([
    { kind: 'before-history', first: 0, last: 2 },
    { kind: 'batch' },
  ])
})

test('a batch in the own name that this node did not write is taken in, and told of', async () => {
  const { sync, store } = await openInbound()
  await stored(sync((await freshWriter({ identity: OWN_IDENTITY }).write()).envelope))
  expect(store.end).toBe(1)
  expect(store.alerts()).toMatchObject([{ kind: 'own-identity' }])
})

test('a batch that contradicts its log is ignored, as is all that comes after', async () => {
  const { gossip, store, counters } = await openInbound()
  const writer = freshWriter()
  const other = await writer.fork().write({ bodies: [Buffer.from('another')] })
  await stored(gossip((await writer.write()).envelope))
  expect(await gossip(other.envelope)).toEqual({ action: 'ignore', reason: 'conflict' })
  expect(await gossip(other.envelope)).toEqual({ action: 'ignore', reason: 'frozen' })
  expect(await gossip((await writer.write()).envelope)).toEqual({ action: 'ignore', reason: 'frozen' })
  expect(store.end).toBe(1)
  expect(counters.dropped).toMatchObject({ conflict: 1, frozen: 2 })
  await waitUntil(() => store.alerts().length > 0, { what: 'the alert' })
  expect(store.alerts()).toMatchObject([{ kind: 'frozen', log: writer.log }])
})

test('counters add up to what was delivered', async () => {
  const { gossip, sync, counters, store } = await openInbound()
  const writer = freshWriter()
  const write = async (count: number) => (await writer.write({ count })).envelope
  const [first, second, third] = [await write(1), await write(2), await write(3)]
  const bad = forged(await writer.fork().write())
  const [fourth, fifth, sixth] = [await write(4), await write(5), await write(6)]
  const deliveries = [
    () => gossip(first),
    () => gossip(first),
    () => gossip(third),
    () => sync(second),
    () => sync(first),
    () => sync(third),
    () => gossip(bad),
    () => gossip(fourth),
    () => gossip(sixth),
    () => sync(fifth),
    () => sync(sixth),
    () => gossip(sixth.slice(1)),
  ]
  for (const deliver of deliveries) await stored(deliver())
  expect(countedBatches(counters)).toBe(deliveries.length)
  expect(counters.received).toEqual({ batches: 6, messages: 21, gossip: 4, sync: 2, direct: 0, held: 2 })
  await waitUntil(() => store.end === 21, { what: 'the held batches to enter the order' })
})
