import { describe, expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'

const BYTES = Buffer.from([0, 255, 128, 10])

describe('what is published', () => {
  it.each([
    ['a text', { text: 'grüße, 世界 \u0000 "\\ 👩‍👩‍👧' }],
    ['an empty text', { text: '' }],
    ['JSON', { json: { a: [1, null, true, { b: 'ü' }], 'c.d': -0.5 } }],
    ['the JSON null', { json: null }],
    ['a JSON text', { json: 'text' }],
    [
      'JSON with the names of an object’s own parts',
      { json: { constructor: 1, prototype: { toString: 'x' } } },
    ],
    ['bytes', { base64: BYTES.toString('base64') }],
    ['no bytes', { base64: '' }],
  ])('as %s is listed the same', async (_, body) => {
    const { path, node } = await openServer()
    const api = apiOf(path)
    // The client's superjson refuses some names; the node may get them from elsewhere.
    const { ids } =
      'json' in body
        ? { ids: [(await node.publish('prices', body)).id] }
        : await api.service.messages.publish.mutate({ topic: 'prices', messages: [body] })
    const { messages, next } = await api.service.messages.list.query({})
    expect(messages).toEqual([
      {
        id: ids[0],
        sender: node.pastelId,
        topic: 'prices',
        position: 0,
        arrival: 0,
        cursor: expect.any(String),
        type: 'message',
        createdAtMs: expect.any(Number),
        receivedAtMs: expect.any(Number),
        headers: {},
        ...body,
      },
    ])
    expect(next).toBeUndefined()
  })

  it('keeps type, headers and what it answers', async () => {
    const { path } = await openServer()
    const { messages } = apiOf(path).service
    const { ids } = await messages.publish.mutate({ topic: 'prices', messages: [{ text: 'question' }] })
    const options = { type: 'answer', replyTo: ids[0], headers: { a: '1', b: '' }, json: 42 }
    await messages.publish.mutate({ topic: 'prices', messages: [options] })
    expect((await messages.list.query({ limit: 1 })).messages).toMatchObject([options])
  })

  it('is listed in order, by topic and by sender', async () => {
    const { path, node } = await openServer()
    const { messages } = apiOf(path).service
    const texts = Array.from({ length: 1_000 }, (_, i) => `${i}`)
    const { ids } = await messages.publish.mutate({
      topic: 'many',
      messages: texts.map((text) => ({ text })),
    })
    await messages.publish.mutate({ topic: 'one', messages: [{ text: 'x' }] })
    const many = await messages.list.query({ topic: 'many', oldestFirst: true, limit: 1_000 })
    expect(many.messages.map(({ id }) => id)).toEqual(ids)
    expect(many.messages).toMatchObject(texts.map((text) => ({ text })))
    expect((await messages.list.query({ topic: 'many', limit: 2 })).messages).toMatchObject([
      { text: '999' },
      { text: '998' },
    ])
    expect((await messages.list.query({ topic: 'one' })).messages).toHaveLength(1)
    expect((await messages.list.query({ topic: 'none' })).messages).toEqual([])
    expect((await messages.list.query({ sender: node.pastelId, limit: 1 })).messages).toMatchObject([
      { text: 'x' },
    ])
  })
})
