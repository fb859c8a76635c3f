import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  defineTopic,
  json,
  type MeshNode,
  type TopicInput,
  type TopicOutput,
  text,
  typedTopics,
} from '../src/index.ts'

declare const node: MeshNode
const topics = typedTopics(node)
const prices = defineTopic({
  name: 'prices',
  codec: json(z.object({ usd: z.number(), at: z.string().transform((iso) => new Date(iso)) })),
})
const notes = defineTopic({ name: 'notes', codec: text })

test('a topic knows what is published on it and what is read', () => {
  expectTypeOf<TopicInput<typeof prices>>().toEqualTypeOf<{ usd: number; at: string }>()
  expectTypeOf<TopicOutput<typeof prices>>().toEqualTypeOf<{ usd: number; at: Date }>()
  expectTypeOf<TopicInput<typeof notes>>().toEqualTypeOf<string>()
})

test('only values of the topic can be published', () => {
  expectTypeOf(topics.publish(prices, { usd: 1, at: '' })).resolves.toHaveProperty('id')
  // @ts-expect-error: no time
  void topics.publish(prices, { usd: 1 })
  // @ts-expect-error: what is read is a date, what is sent is a text
  void topics.publish(prices, { usd: 1, at: new Date() })
  // @ts-expect-error: the body comes from the value
  void topics.publish(notes, 'a', { text: 'b' })
})

test('a value is there only where the message was decoded', async () => {
  for await (const received of topics.subscribe(prices)) {
    if (received.kind !== 'message') continue
    // @ts-expect-error: it may not have been decoded
    void received.value
    if (received.ok) expectTypeOf(received.value).toEqualTypeOf<{ usd: number; at: Date }>()
    else expectTypeOf(received.error.code).toEqualTypeOf<string>()
    expectTypeOf(received.message.id).toExtend<string>()
  }
})

test('JSON without a schema is unknown', async () => {
  for await (const received of topics.messages(defineTopic({ name: 'any', codec: json() }))) {
    if (received.kind === 'message' && received.ok) expectTypeOf(received.value).toBeUnknown()
  }
})
