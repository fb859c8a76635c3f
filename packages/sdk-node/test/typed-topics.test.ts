import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  bytes,
  type Codec,
  defineTopic,
  json,
  type Topic,
  type TypedEntry,
  type TypedMessage,
  text,
  typedTopics,
} from '../src/index.ts'
import { connect, hears, startNode } from './fixtures/nodes.ts'
import { collect } from './fixtures/storage.ts'

const prices = defineTopic({
  name: 'prices',
  codec: json(z.object({ usd: z.number(), at: z.iso.datetime().transform((iso) => new Date(iso)) })),
})
const AT = '2025-01-01T00:00:00.000Z'
const notes = defineTopic({ name: 'notes', codec: text })
const blobs = defineTopic({ name: 'blobs', codec: bytes })
const anything = defineTopic({ name: 'anything', codec: json() })

async function openTopics() {
  const { node } = await startNode({ identity: 'alice', topics: [] })
  const topics = typedTopics(node)
  const all = <In, Out>(topic: Topic<In, Out>) => collect(topics.messages(topic))
  return { node, topics, all }
}

const outcomes = (entries: readonly TypedEntry<unknown>[]) =>
  entries.map((entry) => {
    if (entry.kind !== 'message') return entry.kind
    return entry.ok ? entry.value : entry.error.code
  })

test('what one node publishes another reads, with its value', async () => {
  const alice = await startNode({ identity: 'alice', topics: ['prices'] })
  const bob = await startNode({ identity: 'bob', topics: ['prices'] })
  await connect(alice, bob)
  await hears(alice, bob, 'prices')
  const reading = typedTopics(bob.node).subscribe(prices)
  const accepted = await typedTopics(alice.node).publish(
    prices,
    { usd: 0.5, at: AT },
    { type: 'price', headers: { source: 'a' } },
  )
  const { value: received } = await reading.next()
  await reading.return(undefined)
  expect(received).toMatchObject({
    ok: true,
    value: { usd: 0.5, at: new Date(AT) },
    message: { id: accepted.id, sender: alice.node.pastelId, type: 'price', headers: { source: 'a' } },
  })
})

test('texts, bytes and JSON come back as they were', async () => {
  const { topics, all } = await openTopics()
  await topics.publish(notes, 'grüße 😀')
  await topics.publish(blobs, Uint8Array.of(0, 255))
  await topics.publish(anything, { a: [null, 1] })
  expect(outcomes(await all(notes))).toEqual(['grüße 😀'])
  expect(outcomes(await all(blobs))).toEqual([Uint8Array.of(0, 255)])
  expect(outcomes(await all(anything))).toEqual([{ a: [null, 1] }])
})

test('a message that does not decode comes in its place, with its error', async () => {
  const { node, topics } = await openTopics()
  const reading = topics.subscribe(prices)
  await topics.publish(prices, { usd: 1, at: AT })
  await node.publish('prices', { json: { usd: 'a lot', at: AT } })
  await node.publish('prices', { text: JSON.stringify({ usd: 2, at: AT }) })
  await topics.publish(prices, { usd: 3, at: AT })
  const received: TypedMessage<unknown>[] = []
  for await (const entry of reading) if (entry.kind === 'message' && received.push(entry) === 4) break
  expect(outcomes(received)).toEqual([
    { usd: 1, at: new Date(AT) },
    'ERR_TOPIC_VALUE',
    'ERR_TOPIC_VALUE',
    { usd: 3, at: new Date(AT) },
  ])
  const [, schema, contentType] = received.map((message) => (message.ok ? '' : message.error.message))
  expect(schema).toContain(`message ${received[1]?.message.id} on prices`)
  expect(schema).toContain('usd: ')
  expect(contentType).toContain('carries text, not json')
})

test('whatever is in a body, the iteration goes on', async () => {
  const { node, topics, all } = await openTopics()
  const odd: Codec<never> = {
    contentType: 'text',
    encode: () => ({ text: '' }),
    decode: () => {
      throw 'no error at all'
    },
  }
  await node.publish('notes', { bytes: Uint8Array.of(0xff) })
  await topics.publish(notes, 'hello')
  expect(outcomes(await all(notes))).toEqual(['ERR_TOPIC_VALUE', 'hello'])
  expect(outcomes(await all({ name: 'notes', codec: odd }))).toEqual(['ERR_TOPIC_VALUE', 'ERR_TOPIC_VALUE'])
})

describe('a value that the codec does not take', () => {
  test('is refused, and nothing is published', async () => {
    const { node, topics } = await openTopics()
    const bad = { usd: '1', at: AT } as unknown as { usd: number; at: string }
    await expect(topics.publish(prices, bad)).rejects.toMatchObject({
      code: 'ERR_TOPIC_VALUE',
      message: expect.stringContaining('usd: '),
    })
    expect(await collect(node.messages())).toEqual([])
  })

  test('a name that is none is refused when the topic is declared', () => {
    expect(() => defineTopic({ name: 'no topic', codec: text })).toThrow(
      expect.objectContaining({ code: 'ERR_TOPIC_NAME' }),
    )
  })
})
