import type { MessageInput } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { batchSizes, openOutbound, storedTexts, texts } from './fixtures/outbound.ts'
import { openStore } from './fixtures/storage.ts'
import { waitUntil } from './fixtures/testkit.ts'

async function* stream(messages: Iterable<MessageInput>): AsyncGenerator<MessageInput> {
  for (const message of messages) yield message
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test.each([
  ['an array', texts(2500)],
  ['an async iterable', stream(texts(2500))],
])('keeps the order: %s', async (_what, source) => {
  const { publishMany, store } = await openOutbound()
  const accepted = await publishMany(source)
  expect(accepted.map(({ arrival }) => arrival)).toEqual(Array.from({ length: 2500 }, (_, i) => i))
  expect(await storedTexts(store)).toEqual(texts(2500).map(({ text }) => text))
  expect((await batchSizes(store)).length).toBeLessThan(12)
  await expectSoundLogs(store)
})

test('nothing is nothing', async () => {
  const { publishMany } = await openOutbound()
  expect(await publishMany([])).toEqual([])
})

test.each([
  ['an array', (messages: MessageInput[]) => messages],
  ['an async iterable', stream],
])('stops at a bad message: those before it are stored, the rest is not sent: %s', async (_what, make) => {
  const { publishMany, store, pipeline } = await openOutbound()
  const messages: MessageInput[] = texts(6000)
  messages[700] = { text: 'bad', type: '' }
  let ended = 0
  async function* source() {
    try {
      yield* make(messages)
    } finally {
      ended += 1
    }
  }
  await expect(publishMany(source())).rejects.toMatchObject({ code: 'ERR_MESSAGE' })
  await pipeline.stop()
  expect(await storedTexts(store)).toEqual(texts(700).map(({ text }) => text))
  await waitUntil(() => ended === 1, { what: 'the source to be told that nobody reads it any more' })
})

test.each([1, 2])(
  'a signature that fails stops it: nothing after it is sent, %i batches at a time',
  async (at) => {
    const signer = new GatedSigner()
    const { publishMany, store, pipeline } = await openOutbound({ signer })
    signer.hold()
    const publishing = publishMany(texts(20_000))
    publishing.catch(() => {})
    await signer.wasAsked(at)
    if (at === 2) signer.letOne()
    if (at === 2) await waitUntil(() => store.end > 0, { what: 'the first batch to be stored' })
    signer.fail(1)
    signer.letGo()
    await expect(publishing).rejects.toThrow('the signer does not answer')
    await pipeline.stop()
    const stored = await storedTexts(store)
    expect(stored).toEqual(texts(stored.length).map(({ text }) => text))
    expect(stored.length).toBe(at === 1 ? 0 : 512)
  },
)

test('a commit that fails stops it, whatever is being signed or gathered', async () => {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { publishMany, pipeline } = await openOutbound({ store })
    const written = database.events.filter((event) => event === 'write').length
    const publishing = publishMany(texts(20_000))
    publishing.catch(() => {})
    await database.happened('write', written + 1 + attempt)
    database.failNextWrites('lost')
    await expect(publishing).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
    await pipeline.stop()
    const stored = await storedTexts(store)
    expect(stored).toEqual(texts(stored.length).map(({ text }) => text))
    expect(stored.length).toBeLessThan(20_000)
  }
})

test('a source without end is read no faster than its messages are stored', async () => {
  const signer = new GatedSigner()
  const { publishMany, store, pipeline } = await openOutbound({ signer })
  const abort = new AbortController()
  let pulled = 0
  let farthest = 0
  async function* endless() {
    for (;;) {
      pulled += 1
      farthest = Math.max(farthest, pulled - store.end)
      yield { text: `${pulled}` }
    }
  }
  signer.hold()
  const publishing = publishMany(endless(), { signal: abort.signal })
  publishing.catch(() => {})
  await signer.wasAsked(1)
  await turns(200)
  expect(pulled).toBeLessThanOrEqual(8 * 512)
  signer.letGo()
  await waitUntil(() => store.end > 30_000, { what: 'many messages to be stored' })
  abort.abort(new Error('enough'))
  await expect(publishing).rejects.toThrow('enough')
  expect(farthest).toBeLessThanOrEqual(8 * 512)
  await pipeline.stop()
})

test('large messages count by their bytes', async () => {
  const signer = new GatedSigner()
  const { publishMany } = await openOutbound({ signer })
  let pulled = 0
  function* large() {
    for (; pulled < 200; pulled += 1) yield { json: 'x'.repeat(200 * 1024) }
  }
  signer.hold()
  const publishing = publishMany(large())
  await signer.wasAsked(1)
  await turns(200)
  expect(pulled).toBeLessThan(30)
  signer.letGo()
  expect(await publishing).toHaveLength(200)
})

test('a source that pauses does not hold back what it gave', async () => {
  const { publishMany, store } = await openOutbound()
  const { promise: more, resolve: goOn } = Promise.withResolvers<void>()
  async function* pausing() {
    yield* texts(3)
    await more
    yield* texts(2, 3)
  }
  const publishing = publishMany(pausing())
  await waitUntil(() => store.end === 3, { what: 'the first messages to be stored', timeoutMs: 5000 })
  goOn()
  expect(await publishing).toHaveLength(5)
  expect(await storedTexts(store)).toEqual(['0', '1', '2', '3', '4'])
})

test('a slow source has its messages sent as they come, while the signer is slow as well', async () => {
  const signer = new GatedSigner()
  const { publishMany, store } = await openOutbound({ signer })
  signer.hold()
  let given = 0
  async function* trickle() {
    for (const message of texts(200)) {
      await new Promise((resolve) => setImmediate(resolve))
      given += 1
      yield message
    }
  }
  const publishing = publishMany(trickle())
  await waitUntil(() => given === 200, { what: 'the source to end' })
  signer.letGo()
  expect(await publishing).toHaveLength(200)
  expect(await storedTexts(store)).toEqual(texts(200).map(({ text }) => text))
  expect((await batchSizes(store)).length).toBeLessThan(12)
})

test('the signal ends it while the source gives nothing', async () => {
  const { publishMany, store } = await openOutbound()
  const abort = new AbortController()
  const silence = Promise.withResolvers<void>()
  let isEnded = false
  async function* silent() {
    try {
      yield { text: 'one' }
      await silence.promise
    } finally {
      isEnded = true
    }
  }
  const publishing = publishMany(silent(), { signal: abort.signal })
  publishing.catch(() => {})
  await waitUntil(() => store.end === 1, { what: 'the first message to be stored', timeoutMs: 5000 })
  abort.abort(new Error('enough'))
  await expect(publishing).rejects.toThrow('enough')
  silence.resolve()
  await waitUntil(() => isEnded, { what: 'the source to end' })
})

test('the signal ends it while the signer does not answer', async () => {
  const signer = new GatedSigner()
  const { publishMany } = await openOutbound({ signer })
  const abort = new AbortController()
  signer.hold()
  const publishing = publishMany(texts(10_000), { signal: abort.signal })
  publishing.catch(() => {})
  await signer.wasAsked(1)
  abort.abort(new Error('enough'))
  await expect(publishing).rejects.toThrow('enough')
  signer.letGo()
})

test('a signal that was given before it begins sends nothing', async () => {
  const { publishMany, store } = await openOutbound()
  await expect(publishMany(texts(10), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
  expect(store.end).toBe(0)
})

test('a source that fails: what it gave is stored, and its error comes through', async () => {
  const { publishMany, store } = await openOutbound()
  async function* failing() {
    yield* texts(600)
    throw new Error('the file is cut short')
  }
  await expect(publishMany(failing())).rejects.toThrow('the file is cut short')
  expect(store.end).toBe(600)
})

test('stopping in the middle of it', async () => {
  const { publishMany, pipeline, store } = await openOutbound()
  const publishing = publishMany(texts(50_000))
  publishing.catch(() => {})
  await waitUntil(() => store.end > 1000, { what: 'some messages to be stored', everyMs: 1 })
  await pipeline.stop()
  await expect(publishing).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  const stored = await storedTexts(store)
  expect(stored).toEqual(texts(stored.length).map(({ text }) => text))
})

test('two at a time share batches, each in its own order', async () => {
  const { publishMany, store } = await openOutbound()
  const make = (prefix: string) => Array.from({ length: 3000 }, (_, i) => ({ text: `${prefix}${i}` }))
  await Promise.all([publishMany(make('a')), publishMany(stream(make('b')))])
  const stored = await storedTexts(store)
  for (const prefix of ['a', 'b']) {
    expect(stored.filter((text) => text.startsWith(prefix))).toEqual(make(prefix).map(({ text }) => text))
  }
})
