import { equalBytes, messageId, type SignedBatch } from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { MessageStore, ReadOptions } from '../src/index.ts'
import { appendAll, collect } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

/** Names that begin alike, the longest legal one among them. */
const CHANNELS = ['topic/a', 'topic/aa', `topic/${'a'.repeat(100)}`]
const SENDERS = ['alice', 'bob', 'carol']
/** Also names that begin alike, and the longest. */
const TYPES = ['a', 'aa', 'b', 'ü', 't'.repeat(128), 'rest', 'last']
const STARTED_AT_MS = Date.UTC(2026, 0, 1)

const written = fc.record({
  sender: fc.nat(SENDERS.length - 1),
  channel: fc.nat(CHANNELS.length - 1),
  count: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(1, 40, 512)),
  isNewRun: fc.boolean(),
  /** Of its messages, one after the other and then again. */
  types: fc.oneof(
    fc.array(fc.nat(1), { minLength: 1, maxLength: 2 }),
    fc.array(fc.nat(TYPES.length - 1), { minLength: 1, maxLength: 12 }),
  ),
  /** Since the one before; clocks are set back, too. */
  laterMs: fc.constantFrom(0, 0, 1, 5, -3),
})

/** A place in the order, as part of its length; also some beyond its end. */
const place = fc.nat(1200).map((thousandth) => thousandth / 1000)

const question = fc.record({
  from: place,
  to: fc.option(place),
  isReverse: fc.boolean(),
  sender: fc.option(fc.nat(SENDERS.length - 1)),
  channel: fc.option(fc.nat(CHANNELS.length - 1)),
  type: fc.option(fc.nat(TYPES.length - 1)),
  /** In place of the positions: times from before the first to behind the last. */
  times: fc.option(fc.record({ since: place, until: place })),
})

interface Entry {
  readonly position: number
  readonly receivedAtMs: number
  readonly types: ReadonlySet<string>
  readonly signed: SignedBatch
}

// What is written is taken in when a test says.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

test('reading gives what a list of the batches would give', async () => {
  const scenario = fc.record({
    batches: fc.array(written, { minLength: 1, maxLength: 60 }),
    questions: fc.array(question, { minLength: 10, maxLength: 20 }),
    isRestarted: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ batches, questions, isRestarted }) => {
      const store = await openStore()
      const model = await write(store, batches)
      if (isRestarted) {
        await store.stop()
        await store.start()
      }
      const size = store.end
      for (const { from, to, isReverse, sender, channel, type, times } of questions) {
        const range =
          times === null
            ? { from: Math.floor(from * size), ...(to === null ? {} : { to: Math.floor(to * size) }) }
            : await expectTimes(store, model, times)
        const options: ReadOptions = {
          ...range,
          reverse: isReverse,
          ...(type === null ? {} : { type: TYPES[type] as string }),
          ...(sender === null ? {} : { sender: senderKey(SENDERS[sender] as string) }),
          ...(channel === null ? {} : { channel: CHANNELS[channel] as string }),
        }
        const read = await collect(store.read(options))
        expect(read.map(({ position }) => position)).toEqual(
          expected(model, options).map(({ position }) => position),
        )
        await expectLogsAndMessages(store, model, from)
      }
      await expectSoundOrder(store)
      await store.stop()
    }),
    { numRuns: PROPERTY_RUNS },
  )
}, 600_000)

async function write(
  store: MessageStore,
  batches: readonly {
    sender: number
    channel: number
    count: number
    isNewRun: boolean
    types: readonly number[]
    laterMs: number
  }[],
): Promise<Entry[]> {
  const writers = new Map<string, LogWriter>()
  const model: Entry[] = []
  let position = 0
  let receivedAtMs = 0
  vi.setSystemTime(STARTED_AT_MS)
  for (const { sender, channel, count, isNewRun, types: kinds, laterMs } of batches) {
    const key = `${sender}/${channel}`
    let writer = writers.get(key)
    writer ??= new LogWriter({
      identity: SENDERS[sender] as string,
      channel: CHANNELS[channel] as string,
      signed: false,
    })
    writers.set(key, writer)
    if (isNewRun) writer.newRun()
    const types = Array.from({ length: count }, (_, i) => TYPES[kinds[i % kinds.length] as number] as string)
    const signed = await writer.write({ types, bodies: types.map(() => Buffer.of(7)) })
    vi.setSystemTime(Date.now() + laterMs)
    receivedAtMs = Math.max(receivedAtMs, Date.now())
    const [stored] = await appendAll(store, [signed])
    expect(stored?.position).toBe(position)
    model.push({ position, receivedAtMs, types: new Set(types), signed })
    position += count
  }
  return model
}

function expected(model: readonly Entry[], options: ReadOptions): Entry[] {
  const { from = 0, to = Number.POSITIVE_INFINITY, reverse = false, sender, channel, type } = options
  const found = model.filter(
    ({ position, types, signed: { batch } }) =>
      from < to &&
      position + batch.count > from &&
      position < to &&
      (type === undefined || types.has(type)) &&
      (channel === undefined || batch.channel === channel) &&
      (sender === undefined || equalBytes(batch.sender, sender)),
  )
  return reverse ? found.reverse() : found
}

/** Looks up two times of the order. @returns the positions between them */
async function expectTimes(
  store: MessageStore,
  model: readonly Entry[],
  { since, until }: { since: number; until: number },
): Promise<{ from: number; to: number }> {
  const [from, to] = await Promise.all(
    [since, until].map(async (part) => {
      const last = model.at(-1)?.receivedAtMs ?? STARTED_AT_MS
      const timeMs = STARTED_AT_MS - 1 + Math.round(part * (last - STARTED_AT_MS + 2))
      const first = model.find(({ receivedAtMs }) => receivedAtMs >= timeMs)?.position ?? store.end
      expect(await store.positionAt(timeMs)).toBe(first)
      return first
    }),
  )
  return { from: from as number, to: to as number }
}

/** Asks for a range of a log, and for a message. */
async function expectLogsAndMessages(
  store: MessageStore,
  model: readonly Entry[],
  at: number,
): Promise<void> {
  const { signed } = model[Math.floor(at * model.length) % model.length] as Entry
  const { log, batch } = signed
  const ofLog = model.filter((entry) => entry.signed.log === log)
  const end = ofLog.reduce((sum, entry) => sum + entry.signed.batch.count, 0)
  const first = Math.floor(at * end)
  const last = first + Math.floor(at * 5)
  const read = await collect(store.readLog({ log, first, last }))
  const inRange = ofLog.filter(
    (entry) =>
      entry.signed.batch.first <= last && entry.signed.batch.first + entry.signed.batch.count > first,
  )
  expect(read.map(({ position }) => position)).toEqual(inRange.map(({ position }) => position))

  const index = batch.count - 1
  const found = await store.findMessage(messageId(log, batch.first + index))
  if (found === undefined) throw new Error('not found')
  expect(found.index).toBe(index)
  expect(equalBytes(found.stored.envelope, signed.envelope)).toBe(true)
  expect(await store.findMessage(messageId(log, end))).toBeUndefined()
}

const keys = new Map<string, Uint8Array>()

function senderKey(identity: string): Uint8Array {
  const key = keys.get(identity) ?? new LogWriter({ identity }).signer.publicKey
  keys.set(identity, key)
  return key
}

test('a range that is empty holds nothing, also inside a batch that is still in memory', async () => {
  const store = await openStore()
  await write(store, [
    { sender: 0, channel: 0, count: 40, isNewRun: false, types: [0], laterMs: 0 },
    { sender: 0, channel: 0, count: 1, isNewRun: false, types: [0], laterMs: 0 },
  ])
  expect(await collect(store.read({ from: 1, to: 1 }))).toEqual([])
  expect(await collect(store.read({ from: 20, to: 10 }))).toEqual([])
  expect(await collect(store.read({ from: 1, to: 2 }))).toMatchObject([{ position: 0, count: 40 }])
  await store.stop()
})
