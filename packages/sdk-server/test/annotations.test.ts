import superjson from 'superjson'
import { expect, test } from 'vitest'
import { describeInput } from '../src/auth/audit-log.ts'
import { inputTransformer } from '../src/input-transformer.ts'
import { apiOf } from './fixtures/api.ts'
import { send } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

const headers = { 'content-type': 'application/json' }

test('annotations that make more of a request than it is are refused by HTTP and on the socket', async () => {
  const { server, path } = await openServer({ http: {} })
  // Without a login nothing of that length is looked at.
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const known = { ...headers, authorization: `Bearer ${secret}` }
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`${at}`, ['Date']]))
  for (const [meta, reason] of [
    [{ values: { nonce: ['set'] } }, 'only undefined, Date, number are taken'],
    [{ values: { nonce: ['map'] } }, 'only undefined, Date, number are taken'],
    [{ values: { nonce: ['bigint'] } }, 'only undefined, Date, number are taken'],
    [{ values: { nonce: [['typed-array', 'Uint8Array']] } }, 'only undefined, Date, number are taken'],
    [{ values: { nonce: ['Date', { a: ['set'] }] } }, 'only undefined, Date, number are taken'],
    [{ values: { nonce: { a: ['set'] } } }, 'only undefined, Date, number are taken'],
    [{ values: ['set', { 0: ['set'] }] }, 'only undefined, Date, number are taken'],
    [{ values: many }, '10001 values are annotated'],
    [{ values: { 'constructor.x': ['undefined'] }, v: 1 }, 'constructor is not allowed'],
  ] as const) {
    const body = JSON.stringify({ json: { nonce: [], signature: 'x' }, meta })
    const answer = await fetch(`${server.url}/trpc/auth.verify`, { method: 'POST', headers: known, body })
    const expected = {
      error: {
        json: {
          message: expect.stringContaining(`the annotations (meta.values) are wrong: ${reason}`),
          data: { code: 'BAD_REQUEST', httpStatus: 400 },
        },
      },
    }
    expect(await answer.json(), body.slice(0, 100)).toMatchObject(expected)
    expect((await send(path, 'POST', '/trpc/auth.verify', body, headers)).json).toMatchObject(expected)
  }
})

test('an input that is no object is refused in words', async () => {
  const { path } = await openServer()
  for (const body of ['null', '5', '"x"']) {
    const { json } = await send(path, 'POST', '/trpc/auth.challenge', body, headers)
    expect(json, body).toMatchObject({
      error: {
        json: { message: 'the input is wrong: give an object with `json`', data: { httpStatus: 400 } },
      },
    })
  }
})

test('an object in several places is as many equal ones, and no place is made by saying so', () => {
  const shared = { text: 'x', type: undefined, at: new Date(0), zero: -0 }
  const input = { messages: [shared, shared] }
  const taken = inputTransformer.deserialize(JSON.parse(superjson.stringify(input))) as typeof input
  expect(taken).toStrictEqual(input)
  expect(taken.messages[0]).not.toBe(taken.messages[1])
  const meta = { referentialEqualities: { '0': ['1', '2'] }, v: 1 } as never
  expect(inputTransformer.deserialize({ json: [[1], null, null], meta })).toEqual([[1], null, null])
})

test('the same message twice can be published', async () => {
  const { path, store } = await openServer()
  const message = { json: { usd: -0 } }
  await apiOf(path).service.messages.publish.mutate({ topic: 'prices', messages: [message, message] })
  expect(store.end).toBe(2)
})

test('the audit log looks at so many values of an input and no more', () => {
  let input: unknown = 'x'
  for (let level = 0; level < 8; level += 1) input = Array(100).fill(input)
  expect(describeInput('admin.somewhere', input)).toMatch(/^\[.*…$/)
})
