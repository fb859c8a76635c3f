import { formatCursor } from '@pastel-mesh/storage'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReceivedEntry, ReceivedMessage } from '../src/index.ts'
import { MessageReader } from '../src/message-reader.ts'
import { appendAll, collect, expectMessage, messagesOf, openStore } from './fixtures/storage.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

const RUNS = process.env.PMESH_TEST_FULL === undefined ? 40 : 400

/** A store with batches of several senders and topics mixed, and its messages as they should come. */
async function openMixed(sizes: readonly number[]) {
  const store = await openStore()
  const writers = ['a', 'b'].flatMap((topic) =>
    ['carol', 'dave'].map((identity) => new LogWriter({ identity, channel: `topic/${topic}` })),
  )
  const expected: { id: string; topic: string; sender: string }[] = []
  for (const [i, count] of sizes.entries()) {
    const writer = writers[(i * 7 + count) % writers.length] as LogWriter
    const { next, log, channel, signer } = writer
    await appendAll(store, [await writer.write({ count })])
    for (let n = 0; n < count; n += 1) {
      expected.push({ id: `${log}-${next + n}`, topic: channel.slice(6), sender: signer.pastelId })
    }
  }
  return { store, expected, reader: new MessageReader({ store }) }
}

const ids = (messages: readonly { id: string }[]) => messages.map(({ id }) => id)

test('messages come in the order of their arrival, or backwards, by topic and by sender', async () => {
  const { reader, expected } = await openMixed([3, 1, 4, 1, 5, 9, 2, 6])
  const carol = seededSigner('carol').pastelId
  for (const reverse of [false, true]) {
    for (const [filter, keep] of [
      [{}, () => true],
      [{ topic: 'a' }, (one) => one.topic === 'a'],
      [{ sender: carol }, (one) => one.sender === carol],
      [{ topic: 'b', sender: carol }, (one) => one.topic === 'b' && one.sender === carol],
      [{ topic: 'none' }, () => false],
    ] satisfies [object, (one: (typeof expected)[number]) => boolean][]) {
      const wanted = ids(expected.filter(keep))
      const found = ids(await messagesOf(reader.read({ ...filter, reverse })))
      expect(found).toEqual(reverse ? wanted.reverse() : wanted)
    }
  }
})

test('each message says what it is', async () => {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'carol', channel: 'topic/a' })
  await appendAll(store, [await writer.write({ count: 2 }), await writer.write({ count: 2 })])
  const messages = await messagesOf(new MessageReader({ store }).read({}))
  expect(messages.map(({ position, arrival, log }) => [position, arrival, log])).toEqual(
    [0, 1, 2, 3].map((i) => [i, i, writer.log]),
  )
  expect(messages[3]).toMatchObject({
    id: `${writer.log}-3`,
    sender: writer.signer.pastelId,
    channel: { kind: 'topic', topic: 'a' },
    type: 'message',
    contentType: 'text',
  })
})

/** Everything, page by page: each begins at the place that the one before reached. */
async function pages(
  read: (from: string | undefined) => AsyncGenerator<ReceivedEntry>,
  reached: (last: ReceivedMessage) => Promise<string>,
  size: number,
): Promise<ReceivedMessage[]> {
  const all: ReceivedMessage[] = []
  for (;;) {
    const last = all.at(-1)
    let count = 0
    for await (const message of read(last === undefined ? undefined : await reached(last))) {
      all.push(expectMessage(message))
      count += 1
      if (count === size) break
    }
    if (count < size) return all
  }
}

test('paging by cursor covers everything exactly once, in both directions, whatever the pages', async () => {
  const { reader, store, expected } = await openMixed([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9])
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      fc.constantFrom(undefined, 'a', 'b'),
      async (size, reverse, topic) => {
        const filter = topic === undefined ? {} : { topic }
        const all = await pages(
          (from) => reader.read({ ...filter, reverse, ...(from === undefined ? {} : { from }) }),
          async ({ cursor, arrival }) => (reverse ? formatCursor(await store.cursorAt(arrival)) : cursor),
          size,
        )
        const wanted = ids(expected.filter((one) => topic === undefined || one.topic === topic))
        expect(ids(all)).toEqual(reverse ? wanted.toReversed() : wanted)
      },
    ),
    { numRuns: RUNS },
  )
})

test('from the cursor of each message, forwards and backwards: what is behind it, and what is before', async () => {
  const { reader, expected } = await openMixed([1, 3, 2, 5])
  const messages = await messagesOf(reader.read({}))
  for (const [i, { cursor }] of messages.entries()) {
    expect(ids(await messagesOf(reader.read({ from: cursor })))).toEqual(ids(expected.slice(i + 1)))
    expect(ids(await messagesOf(reader.read({ from: cursor, reverse: true })))).toEqual(
      ids(expected.slice(0, i + 1)).reverse(),
    )
  }
})

test('a cursor of a topic’s message serves for all, and the other way round', async () => {
  const { reader, expected } = await openMixed([2, 2, 3, 1, 2])
  const [first] = await messagesOf(reader.read({ topic: 'b' }))
  const position = expected.findIndex(({ id }) => id === first?.id)
  const { cursor = '' } = first ?? {}
  expect(ids(await messagesOf(reader.read({ from: cursor })))).toEqual(ids(expected.slice(position + 1)))
  expect(ids(await messagesOf(reader.read({ from: cursor, topic: 'a' })))).toEqual(
    ids(expected.slice(position + 1).filter(({ topic }) => topic === 'a')),
  )
})

test.each([false, true])(
  'a foreign cursor is said to be one, and all is read, reverse: %s',
  async (reverse) => {
    const { reader, store, expected } = await openMixed([2])
    const other = await openMixed([2])
    const [, last] = await messagesOf(other.reader.read({}))
    const [notice, ...rest] = await collect(reader.read({ from: last?.cursor ?? '', reverse }))
    const start = formatCursor(await store.cursorAt(reverse ? store.end : 0))
    expect(notice).toEqual({ kind: 'foreign-cursor', cursor: start })
    expect(ids(rest.map(expectMessage))).toEqual(reverse ? ids(expected).reverse() : ids(expected))
  },
)

test.each([false, true])('what is no cursor is refused, reverse: %s', async (reverse) => {
  const { reader } = await openMixed([2])
  await expect(collect(reader.read({ from: 'nonsense', reverse }))).rejects.toMatchObject({
    code: 'ERR_CURSOR',
  })
})

test('what is lost shows in reads that ask for no type', async () => {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'carol', channel: 'topic/a' })
  await writer.write({ types: ['x'] })
  const placement = await store.place(await writer.write({ types: ['x', 'y', 'x'] }))
  if (placement.status !== 'held') throw new Error(placement.status)
  await store.giveUp(placement.missing, 'denied')
  // What was held enters by itself.
  for await (const { kind } of store.follow()) if (kind === 'batch') break
  const reader = new MessageReader({ store })
  const kinds = async (filter: object) =>
    (await collect(reader.read(filter))).map((entry) => (entry.kind === 'message' ? entry.type : entry.kind))
  expect(await kinds({})).toEqual(['lost', 'x', 'y', 'x'])
  expect(await kinds({ topic: 'a', sender: writer.signer.pastelId })).toEqual(['lost', 'x', 'y', 'x'])
  expect(await kinds({ type: 'x' })).toEqual(['x', 'x'])
  expect(await kinds({ type: 'y', topic: 'a', reverse: true })).toEqual(['y'])
})

test('the beginning and the end can be named', async () => {
  const { reader, expected } = await openMixed([2, 3])
  expect(ids(await messagesOf(reader.read({ from: 'start' })))).toEqual(ids(expected))
  expect(await messagesOf(reader.read({ from: 'start', reverse: true }))).toEqual([])
  expect(await messagesOf(reader.read({ from: 'now' }))).toEqual([])
  expect(ids(await messagesOf(reader.read({ from: 'now', reverse: true })))).toEqual(ids(expected).reverse())
})

test('the signal ends it', async () => {
  const { reader } = await openMixed([400, 400])
  const abort = new AbortController()
  let count = 0
  await expect(
    (async () => {
      for await (const _message of reader.read({ signal: abort.signal })) {
        count += 1
        if (count === 10) abort.abort(new Error('enough'))
      }
    })(),
  ).rejects.toThrow('enough')
  expect(count).toBe(10)
})
