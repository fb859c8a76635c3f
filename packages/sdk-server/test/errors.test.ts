import { describe, expect, it } from 'vitest'
import { errorOf, mutate, query, send } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

const publish = (path: string, input: unknown) => mutate(path, 'service.messages.publish', input)
const list = (path: string, input: unknown) => query(path, 'service.messages.list', input)

describe('an error', () => {
  it.each([
    [
      'a name that is no topic',
      { topic: '!!', messages: [{ text: 'x' }] },
      400,
      'ERR_TOPIC_NAME',
      /^"!!" is not a topic/,
    ],
    [
      'a type that cannot be shown',
      { topic: 'a', messages: [{ text: 'x', type: '\n' }] },
      400,
      'ERR_MESSAGE',
      /its type has/,
    ],
    [
      'a body that is too large',
      { topic: 'a', messages: [{ text: 'x'.repeat(262_145) }] },
      400,
      'ERR_MESSAGE',
      /262145 bytes/,
    ],
    [
      'an expiry in the past',
      { topic: 'a', messages: [{ text: 'x', expiresAtMs: 1 }] },
      400,
      'ERR_MESSAGE',
      /expired already/,
    ],
  ])('about %s keeps its code and message', async (_, input, status, meshCode, message) => {
    const { path, store } = await openServer()
    const answer = await publish(path, input)
    expect(answer.status).toBe(status)
    expect(errorOf(answer)).toEqual({
      message: expect.stringMatching(message),
      code: expect.any(Number),
      data: { code: 'BAD_REQUEST', httpStatus: status, path: 'service.messages.publish', meshCode },
    })
    expect(store.end).toBe(0)
  })

  it('about what is no cursor keeps its code', async () => {
    const { path } = await openServer()
    const answer = await list(path, { from: 'nonsense' })
    expect(answer.status).toBe(400)
    expect(errorOf(answer).data).toMatchObject({ httpStatus: 400, meshCode: 'ERR_CURSOR' })
  })

  it.each([
    ['no message', { topic: 'a', messages: [] }, 'messages: '],
    ['1001 messages', { topic: 'a', messages: Array(1_001).fill({ text: 'x' }) }, 'messages: '],
    [
      'two bodies',
      { topic: 'a', messages: [{ text: 'x' }, { text: 'x', json: 1 }] },
      'messages[1]: a message has exactly one of text, json',
    ],
    [
      'no body',
      { topic: 'a', messages: [{ type: 'x' }] },
      'messages[0]: a message has exactly one of text, json',
    ],
    ['bad base64', { topic: 'a', messages: [{ base64: '?' }] }, 'messages[0].base64: '],
    [
      'JSON that is too deep',
      { topic: 'a', messages: [{ json: JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) }] },
      'messages[0]: ',
    ],
    ['an unknown key', { topic: 'a', messages: [{ text: 'x' }], urgent: true }, 'Unrecognized key: "urgent"'],
    ['no topic', { messages: [{ text: 'x' }] }, 'topic: it is missing'],
    ['no message', { topic: 'a', messages: [] }, 'messages: it is empty'],
    ['nothing', undefined, 'the input is wrong: '],
  ])('about an input with %s names the place, in one line', async (_, input, problem) => {
    const { path, store } = await openServer()
    const answer = await publish(path, input)
    expect(answer.status).toBe(400)
    const { message, data } = errorOf(answer)
    expect(message).toContain(problem)
    expect(message).toMatch(/^the input is wrong: .*$/)
    expect(data).toEqual({ code: 'BAD_REQUEST', httpStatus: 400, path: 'service.messages.publish' })
    expect(store.end).toBe(0)
  })

  it('about an input with many problems names some of them and how many more', async () => {
    const { path } = await openServer()
    const { message } = errorOf(await publish(path, { topic: 'a', messages: Array(900).fill({}) }))
    expect(message).toMatch(/; and 895 more$/)
    expect(message.length).toBeLessThan(2_000)
  })

  it.each([
    [{ limit: 1_001 }, 'limit: it is more than 1000'],
    [{ limit: 0 }, 'limit: it is less than 1'],
    [{ type: '' }, 'type: it is empty'],
    [{ type: 'x'.repeat(129) }, 'type: it has more than 128 characters'],
    [{ limit: 1.5 }, 'limit: '],
    [{ sender: 'jXnobody' }, 'sender: not a PastelID'],
    [{ topic: 5 }, 'topic: '],
  ])('about a list of %j names the place', async (input, problem) => {
    const { path } = await openServer()
    const answer = await list(path, input)
    expect(answer.status).toBe(400)
    expect(errorOf(answer).message).toContain(`the input is wrong: ${problem}`)
  })

  it('about a body that is too large says so, and the next request is answered', async () => {
    const { path } = await openServer()
    const text = 'x'.repeat(250_000)
    const answer = await publish(path, { topic: 'a', messages: Array(40).fill({ text }) })
    expect(answer.status).toBe(413)
    expect(errorOf(answer)).toMatchObject({
      message: 'the request is too large: send fewer messages at a time',
      data: { code: 'PAYLOAD_TOO_LARGE' },
    })
    expect((await query(path, 'admin.status')).status).toBe(200)
  })

  it('about what is no procedure, no JSON or no tRPC at all shows nothing of the program', async () => {
    const { path, errors } = await openServer()
    const json = { 'content-type': 'application/json' }
    const answers = [
      await query(path, 'admin.nothing'),
      await query(path, 'service.messages.publish'),
      await mutate(path, 'admin.status', {}),
      await send(path, 'POST', '/trpc/service.messages.publish', '{', json),
      await send(path, 'POST', '/trpc/service.messages.publish', 'x', { 'content-type': 'text/plain' }),
      await send(path, 'GET', '/'),
      await send(path, 'GET', '/trpc/%ff'),
      await send(path, 'DELETE', '/trpc/admin.status'),
      await send(path, 'GET', '/trpc/service.messages.list?input={'),
      await send(path, 'GET', '/trpc/service.messages.list?input={"json":{"from":null}}'),
    ]
    for (const { status, text } of answers) {
      expect(status, text).toBeGreaterThanOrEqual(400)
      expect(status, text).toBeLessThan(500)
      expect(text).not.toMatch(/node_modules|\.ts:\d|\bat \S+ \(|stack/)
    }
    expect(errors).toEqual([])
  })
})
