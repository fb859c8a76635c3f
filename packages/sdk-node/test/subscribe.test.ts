import { textOf } from '@pastel-mesh/protocol'
import { formatCursor } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import type { ReceivedEntry, ReceivedMessage } from '../src/index.ts'
import { MessageReader } from '../src/message-reader.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { connect, hears, numbered, startNode, textsAt } from './fixtures/nodes.ts'
import { appendAll, expectMessage, messagesOf, openStore } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

const CHANNEL = 'topic/test'

/** The next messages of a subscription. */
async function take(subscription: AsyncGenerator<ReceivedEntry>, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = []
  while (taken.length < count) {
    const next = await subscription.next()
    if (next.done === true) break
    taken.push(expectMessage(next.value))
  }
  return taken
}

const positions = (messages: readonly ReceivedMessage[]) => messages.map(({ position }) => position)
const upTo = (end: number, first = 0) => Array.from({ length: end - first }, (_, i) => first + i)

test('what is stored, then what comes, nothing missed and nothing twice, from every message of a batch', async () => {
  const store = await openStore()
  const reader = new MessageReader({ store })
  const writer = new LogWriter({ identity: 'alice' })
  await appendAll(store, [
    await writer.write({ count: 5 }),
    await writer.write(),
    await writer.write({ count: 3 }),
  ])
  const stored = await messagesOf(reader.read({}))
  const begins: [from: string, first: number][] = [
    ['start', 0],
    ...stored.map(({ cursor }, i): [string, number] => [cursor, i + 1]),
  ]
  const subscriptions = begins.map(([from]) => reader.follow(CHANNEL, { from }))
  const taking = subscriptions.map((subscription, i) => take(subscription, 13 - (begins[i]?.[1] ?? 0)))
  await appendAll(store, [await writer.write({ count: 2 }), await writer.write({ count: 2 })])
  for (const [i, messages] of (await Promise.all(taking)).entries()) {
    expect(positions(messages)).toEqual(upTo(13, begins[i]?.[1] ?? 0))
  }
  for (const subscription of subscriptions) await subscription.return(undefined)
})

test('"now" is the moment of the call, not of the first look', async () => {
  const store = await openStore()
  const reader = new MessageReader({ store })
  const writer = new LogWriter({ identity: 'alice' })
  await appendAll(store, [await writer.write({ count: 3 })])
  const subscription = reader.follow(CHANNEL, {})
  await appendAll(store, [await writer.write({ count: 2 })])
  expect(positions(await take(subscription, 2))).toEqual([3, 4])
  await subscription.return(undefined)
})

test('only its own topic', async () => {
  const store = await openStore()
  const reader = new MessageReader({ store })
  const [writer, other] = [CHANNEL, 'topic/other'].map(
    (channel) => new LogWriter({ identity: 'alice', channel }),
  ) as [LogWriter, LogWriter]
  const subscription = reader.follow(CHANNEL, { from: 'start' })
  await appendAll(store, [await other.write({ count: 3 }), await writer.write({ count: 2 })])
  const stored = await take(subscription, 2)
  await appendAll(store, [await other.write({ count: 3 }), await writer.write()])
  expect([...stored, ...(await take(subscription, 1))].map(({ log }) => log)).toEqual(
    Array(3).fill(writer.log),
  )
  await subscription.return(undefined)
})

test('the signal ends it, while it waits and while it reads', async () => {
  const store = await openStore()
  const reader = new MessageReader({ store })
  const writer = new LogWriter({ identity: 'alice' })
  await appendAll(store, [await writer.write({ count: 5 })])
  const waiting = new AbortController()
  const subscription = reader.follow(CHANNEL, { signal: waiting.signal })
  const next = subscription.next()
  waiting.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  const reading = new AbortController()
  const second = reader.follow(CHANNEL, { from: 'start', signal: reading.signal })
  await second.next()
  reading.abort(new Error('enough'))
  await expect(second.next()).rejects.toThrow('enough')
  expect(await second.next()).toEqual({ done: true, value: undefined })
  await expect(reader.follow(CHANNEL, { signal: AbortSignal.abort(new Error('no')) }).next()).rejects.toThrow(
    'no',
  )
})

test('a cursor of another store is said to be foreign, and the start is read from; what is none is refused', async () => {
  const [one, other] = [await openStore(), await openStore()]
  await appendAll(one, [await new LogWriter({ identity: 'alice' }).write({ count: 3 })])
  await appendAll(other, [await new LogWriter({ identity: 'bob' }).write({ count: 2 })])
  const [message] = await messagesOf(new MessageReader({ store: one }).read({}))
  const subscription = new MessageReader({ store: other }).follow(CHANNEL, { from: message?.cursor ?? '' })
  const start = formatCursor(await other.cursorAt(0))
  expect((await subscription.next()).value).toEqual({ kind: 'foreign-cursor', cursor: start })
  expect(positions(await take(subscription, 2))).toEqual([0, 1])
  await subscription.return(undefined)
  await expect(
    new MessageReader({ store: one }).follow(CHANNEL, { from: 'then' }).next(),
  ).rejects.toMatchObject({
    code: 'ERR_CURSOR',
  })
})

test('a subscription that nobody reads yet rejects nowhere', async () => {
  const store = await openStore()
  new MessageReader({ store }).follow(CHANNEL, { from: 'nonsense' })
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
})

test('the end of the store ends it', async () => {
  const store = await openStore()
  const next = new MessageReader({ store }).follow(CHANNEL, {}).next()
  const ended = expect(next).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  await store.stop()
  await ended
})

test('it goes on when the database was opened anew, nothing missed and nothing twice', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const reader = new MessageReader({ store })
  const writer = new LogWriter({ identity: 'alice' })
  const subscription = reader.follow(CHANNEL, { from: 'start' })
  const taking = take(subscription, 6)
  await appendAll(store, [await writer.write({ count: 2 })])
  for (const failure of ['lost', 'on disk'] as const) {
    database.failNextWrites(failure)
    const batch = await writer.fork().write({ count: 2 })
    const placement = await store.place(batch)
    if (placement.status !== 'appended') throw new Error(placement.status)
    await placement.committed.catch(() => {})
    await waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
    if (failure === 'on disk') await writer.write({ count: 2 })
  }
  await appendAll(store, [await writer.write({ count: 2 })])
  expect(positions(await taking)).toEqual(upTo(6))
  await subscription.return(undefined)
})

test('at full speed, own messages and those of others, for readers that begin anywhere', {
  timeout: 60_000,
}, async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await hears(alice, bob)
  const total = 20_000
  const subscriptions: { first: number; texts: Promise<string[]> }[] = []
  const subscribe = (from: string, first: number) => {
    const subscription = bob.node.subscribe('test', { from })
    const texts = take(subscription, total - first).then((messages) => messages.map(textOf))
    subscriptions.push({ first, texts })
  }
  subscribe('start', 0)
  subscribe('now', 0)
  const publishing = Promise.all([
    alice.node.publishMany('test', numbered(total / 2, 'a')),
    bob.node.publishMany('test', numbered(total / 2, 'b')),
  ])
  // Readers that come in the middle, inside of batches as well.
  let seen = 0
  for await (const message of bob.node.subscribe('test', { from: 'start' })) {
    seen += 1
    if (seen % 1371 === 0) subscribe(message.cursor, expectMessage(message).arrival + 1)
    if (seen === total) break
  }
  await publishing
  const all = await textsAt(bob)
  expect(new Set(all).size).toBe(total)
  for (const { first, texts } of subscriptions) expect(await texts).toEqual(all.slice(first))
})

test('subscribing joins the topic', async () => {
  const alice = await startNode({ identity: 'alice', topics: ['fresh'] })
  const bob = await startNode({ identity: 'bob', topics: [] })
  await connect(bob, alice)
  const subscription = bob.node.subscribe('fresh')
  expect(bob.node.topics).toEqual(['fresh'])
  await alice.node.publish('fresh', { text: 'hello' })
  expect((await take(subscription, 1)).map(textOf)).toEqual(['hello'])
  expect(() => bob.node.subscribe('not a topic')).toThrow()
})

test('the message event tells of each message once, when it is on disk', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  const heard: ReceivedMessage[] = []
  bob.node.addEventListener('message', ({ detail }) => heard.push(detail))
  await connect(bob, alice)
  await hears(alice, bob)
  await bob.node.publish('test', { text: 'own' })
  await alice.node.publishMany('test', numbered(100))
  await waitUntil(() => heard.length >= 101, { what: 'the events' })
  expect(heard.map(textOf)).toEqual(await textsAt(bob))
  expect(heard[0]).toMatchObject({ arrival: 0, sender: bob.node.pastelId })
})
