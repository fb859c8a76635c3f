import { expect, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { Followers } from '../src/service/followers.ts'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'
import { subscribeAt } from './fixtures/subscribe.ts'
import { callOf, connectWebSocket, type TestSocket } from './fixtures/web-socket.ts'

async function open(followers?: { max?: number; maxOfSession?: number }) {
  const opened = await openServer({ http: {}, ...(followers === undefined ? {} : { followers }) })
  const { admin } = apiOf(opened.path)
  const key = async (name: string) => (await admin.keys.create.mutate({ name, scopes: ['read'] })).secret
  return { ...opened, url: opened.server.url ?? '', key }
}

const REFUSED = { error: { json: { data: { meshCode: 'ERR_TOO_MANY_FOLLOWERS', httpStatus: 429 } } } }

async function follow(socket: TestSocket, id: number) {
  socket.send(callOf(id, 'service.messages.subscribe', {}, 'subscription'))
  return socket.answer(id)
}

test('a session follows sixteen times, on however many connections; others are not in its way', async () => {
  const { url, key } = await open()
  const token = await key('a')
  const first = await connectWebSocket(url, { token })
  const second = await connectWebSocket(url, { token })
  for (let id = 0; id < 8; id += 1) {
    expect(await follow(first, id)).toMatchObject({ result: { type: 'started' } })
    expect(await follow(second, id)).toMatchObject({ result: { type: 'started' } })
  }
  first.send(callOf(99, 'service.messages.subscribe', {}, 'subscription'))
  expect(
    await waitUntil(() => first.messages.find(({ error }) => error), { what: 'a refusal' }),
  ).toMatchObject({
    id: 99,
    ...REFUSED,
  })
  const other = await connectWebSocket(url, { token: await key('b') })
  expect(await follow(other, 1)).toMatchObject({ result: { type: 'started' } })
  // It lasts.
  other.send(callOf(2, 'service.ping'))
  await other.answer(2)
  expect(other.messages.some(({ error }) => error)).toBe(false)
  second.socket.close()
  await waitUntil(
    async () => {
      const again = await connectWebSocket(url, { token })
      await follow(again, 1)
      again.send(callOf(2, 'service.ping'))
      await again.answer(2)
      return again.messages.every(({ error }) => error === undefined)
    },
    { what: 'a free place' },
  )
})

test('all sessions together follow so many times, and the operator on the machine beside them', async () => {
  const { url, key, path, node } = await open({ max: 3, maxOfSession: 2 })
  const sockets = await Promise.all(
    ['a', 'b'].map(async (name) => connectWebSocket(url, { token: await key(name) })),
  )
  const [first, second] = sockets as [TestSocket, TestSocket]
  for (const id of [1, 2]) await follow(first, id)
  for (const id of [1, 2]) await follow(second, id)
  const refusal = await waitUntil(() => second.messages.find(({ error }) => error), { what: 'a refusal' })
  expect(refusal).toMatchObject({ id: 2, ...REFUSED })
  expect(first.messages.some(({ error }) => error)).toBe(false)
  const operator = await subscribeAt(path, {})
  await node.publish('prices', { text: 'a' })
  await operator.atLeast(1)
})

test('without options a thousand may, sixteen of a session', () => {
  const followers = new Followers()
  const enter = (subject: number) => followers.enter({ kind: 'key', subject: `${subject}` })
  for (let count = 0; count < 1_000; count += 1) enter(Math.floor(count / 16))
  expect(() => enter(999)).toThrow(expect.objectContaining({ code: 'ERR_TOO_MANY_FOLLOWERS' }))
})
