import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { batchSizes, openOutbound, storedTexts, texts } from './fixtures/outbound.ts'
import { batchesOf } from './fixtures/storage.ts'

test('a single message goes at once', async () => {
  const signer = new GatedSigner()
  const { publish, store, delivered, counters } = await openOutbound({ signer })
  const accepted = await publish({ text: 'one' })
  expect(signer.asked).toBe(1)
  expect(delivered.map(({ count }) => count)).toEqual([1])
  expect(accepted).toEqual({ id: `${delivered[0]?.signed.log}-0`, arrival: 0 })
  expect(store.end).toBe(1)
  expect(counters.published).toEqual({ batches: 1, messages: 1 })
})

test('messages of one turn share the first batch', async () => {
  const { publish, store } = await openOutbound()
  await Promise.all(texts(40).map((message) => publish(message)))
  expect(await batchSizes(store)).toEqual([40])
})

test('messages gather while a signature is being made', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer })
  signer.hold()
  const first = publish({ text: '0' })
  await signer.wasAsked(1)
  const rest = texts(100, 1).map((message) => publish(message))
  signer.letGo()
  const accepted = await Promise.all([first, ...rest])
  expect(await batchSizes(store)).toEqual([1, 100])
  expect(accepted.map(({ arrival }) => arrival)).toEqual(Array.from({ length: 101 }, (_, i) => i))
  expect(await storedTexts(store)).toEqual(texts(101).map(({ text }) => text))
  await expectSoundLogs(store)
})

test('a full batch does not wait for the one before', async () => {
  const signer = new GatedSigner()
  const { publish, pipeline } = await openOutbound({ signer, maxBatchMessages: 10 })
  signer.hold()
  const publishing = texts(100).map((message) => publish(message))
  await signer.wasAsked(2)
  signer.letGo()
  await Promise.all(publishing)
  await pipeline.stop()
})

test('a batch holds 512 messages at most', async () => {
  const { publish, store } = await openOutbound()
  await Promise.all(texts(1200).map((message) => publish(message)))
  expect(await batchSizes(store)).toEqual([512, 512, 176])
  await expectSoundLogs(store)
})

test.each([
  [5000, 512],
  [0, 1],
  [-3, 1],
  [3, 3],
])('the number of messages in a batch can be set, within bounds: %i', async (maxBatchMessages, most) => {
  const { publish, store } = await openOutbound({ maxBatchMessages })
  await Promise.all(texts(2 * most).map((message) => publish(message)))
  expect(await batchSizes(store)).toEqual([most, most])
  await expectSoundLogs(store)
})

test('a batch holds 512 KiB at most', async () => {
  const { publish, store } = await openOutbound()
  const sizes = [200, 200, 200, 100, 256, 256, 256, 1, 1, 250]
  await Promise.all(sizes.map((size) => publish({ bytes: new Uint8Array(size * 1024) })))
  const stored = await batchesOf(store.read())
  for (const { signed } of stored) expect(signed.batch.payload.length).toBeLessThanOrEqual(512 * 1024)
  expect(stored.flatMap((batch) => batch.messages().map(({ body }) => body.length / 1024))).toEqual(sizes)
  expect(stored.length).toBeLessThan(sizes.length)
  await expectSoundLogs(store)
})

test('the largest message of all fits a batch', async () => {
  const { publish, store } = await openOutbound()
  const headers = Object.fromEntries(
    Array.from({ length: 32 }, (_, i) => [`${i}`.padStart(64, 'h'), '\u{ffff}'.repeat(341)]),
  )
  await publish({ bytes: new Uint8Array(256 * 1024), type: 't'.repeat(128), headers })
  await expectSoundLogs(store)
  expect(store.end).toBe(1)
})

test('messages of different expiry never share a batch', async () => {
  const { publish, store } = await openOutbound()
  const soon = Date.now() + 60_000
  const expiries = [undefined, undefined, soon, soon, soon + 1, undefined, soon]
  await Promise.all(
    expiries.map((expiresAtMs) =>
      publish({ text: 'x', ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }),
    ),
  )
  const stored = await batchesOf(store.read())
  expect(stored.map(({ count, signed }) => [count, signed.batch.expiresAtMs])).toEqual([
    [2, 0],
    [2, soon],
    [1, soon + 1],
    [1, 0],
    [1, soon],
  ])
  await expectSoundLogs(store)
})

test('a batch at a time is written while its peers are busy, and messages gather meanwhile', async () => {
  const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>()
  const { publish, store } = await openOutbound({ deliver: () => room })
  await publish({ text: '0' })
  const rest = texts(20, 1).map((message) => publish(message))
  expect(store.end).toBe(1)
  makeRoom()
  await Promise.all(rest)
  expect(await batchSizes(store)).toEqual([1, 20])
})

test('a network that refuses a batch stops nothing', async () => {
  const { publish, store, pipeline } = await openOutbound({
    deliver: () => Promise.reject(new Error('nobody there')),
  })
  await publish({ text: '0' })
  await publish({ text: '1' })
  await pipeline.stop()
  expect(store.end).toBe(2)
})

test('channels have logs of their own', async () => {
  const { publish, store } = await openOutbound()
  await Promise.all(['topic/a', 'topic/b', 'topic/a'].map((channel) => publish({ text: channel }, channel)))
  const stored = await batchesOf(store.read())
  expect(stored.map(({ signed, count }) => [signed.batch.channel, count]).sort()).toEqual([
    ['topic/a', 2],
    ['topic/b', 1],
  ])
  await expectSoundLogs(store)
})
