import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { encodePayload, type MessageInput, toWireMessage } from '../../protocol/src/index.ts'
import { LogWriter } from '../../testkit/src/fixtures/log-writer.ts'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'

const CONTENT_TYPE_JSON = 2

/** Stores a message of another node whose body is not what its content type says, or a trap. */
async function storeForeign(
  store: Awaited<ReturnType<typeof openServer>>['store'],
  input: MessageInput,
  contentType: number,
): Promise<void> {
  const writer = new LogWriter({ identity: 'other' }, createLocalSigner(generateSeed()))
  const wire = { ...toWireMessage(input, Date.now()), contentType }
  const placement = await store.place(await writer.write({ change: { payload: encodePayload([wire]) } }))
  if (placement.status !== 'appended') throw new Error(placement.status)
  await placement.committed
}

describe("a message that is a trap does not make others' unreadable:", () => {
  it.each([
    ['brackets nested deeper than the stack', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects nested deeper than the stack', `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`],
    ['a key that would become a prototype', '{"__proto__":{"admin":true}}'],
    ['JSON that is none', '{'],
    ['an empty body', ''],
  ])('JSON with %s is shown as text', async (_, text) => {
    const { path, store, node, errors } = await openServer()
    await node.publish('test', { text: 'before' })
    await storeForeign(store, { text }, CONTENT_TYPE_JSON)
    await node.publish('test', { text: 'after' })
    const { messages } = await apiOf(path).service.messages.list.query({})
    expect(messages).toMatchObject([{ text: 'after' }, { text }, { text: 'before' }])
    expect(messages[1]).not.toHaveProperty('json')
    expect(errors).toEqual([])
  })

  it.each([
    ['text', 1],
    ['json', CONTENT_TYPE_JSON],
  ])('bytes that claim to be %s are shown as bytes', async (_, contentType) => {
    const { path, store } = await openServer()
    await storeForeign(store, { bytes: Buffer.of(0xff, 0xfe) }, contentType)
    const { messages } = await apiOf(path).service.messages.list.query({})
    expect(messages).toMatchObject([{ base64: '//4=' }])
  })

  it('regression: a header with the name of an object’s own part is shown', async () => {
    const { path, node } = await openServer()
    await node.publish('test', { text: 'before' })
    await node.publish('test', { text: 'x', headers: { constructor: 'me', prototype: 'mine' } })
    const { messages } = await apiOf(path).service.messages.list.query({})
    expect(messages).toMatchObject([{ text: 'x' }, { text: 'before' }])
    expect(Object.entries(messages[0]?.headers ?? {})).toEqual([
      ['constructor', 'me'],
      ['prototype', 'mine'],
    ])
  })
})
