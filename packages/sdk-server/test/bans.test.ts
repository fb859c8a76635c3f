import { expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('an operator bans a peer for a while, sees the ban, and ends it', async () => {
  const [one, other] = [await openServer(), await openServer()]
  const api = apiOf(one.path)
  const { pastelId } = other.node
  await api.admin.peers.dial.mutate({ target: other.node.addresses()[0] as string })
  expect(await api.admin.peers.list.query()).toMatchObject([{ pastelId, gossipScore: expect.any(Number) }])
  const before = Date.now()
  const ban = await api.admin.peers.ban.mutate({ target: pastelId, forMs: 60_000, reason: 'floods' })
  expect(ban).toMatchObject({ kind: 'pastelid', target: pastelId, reason: 'floods', connections: 1 })
  expect(ban.untilMs).toBeGreaterThanOrEqual(before + 60_000)
  expect(await api.admin.peers.list.query()).toEqual([])
  expect(await api.admin.peers.bans.query()).toMatchObject([{ target: pastelId, untilMs: ban.untilMs }])
  expect((await api.admin.status.query()).bans).toBe(1)
  const refused = await mutate(one.path, 'admin.peers.dial', { target: pastelId })
  expect([refused.status, errorOf(refused).data.meshCode]).toEqual([409, 'ERR_BANNED'])
  expect(await api.admin.peers.unban.mutate({ target: pastelId })).toMatchObject({ target: pastelId })
  expect(await api.admin.peers.dial.mutate({ target: pastelId })).toMatchObject({ pastelId })
})

it.each([
  ['ban', 'of nobody', { target: 'nonsense' }, 400, 'ERR_BAN_TARGET'],
  ['ban', 'that is over already', { target: '192.0.2.1', untilMs: 1 }, 400, 'ERR_BAN_TIME'],
  ['unban', 'of who is not banned', { target: '192.0.2.1' }, 404, 'ERR_UNKNOWN_BAN'],
])('%s %s fails with its code', async (procedure, _, input, status, meshCode) => {
  const { path } = await openServer()
  const answer = await mutate(path, `admin.peers.${procedure}`, input)
  expect([answer.status, errorOf(answer).data.meshCode]).toEqual([status, meshCode])
})

it('a ban is for a while or until a time, not both', async () => {
  const { path } = await openServer()
  const answer = await mutate(path, 'admin.peers.ban', { target: '192.0.2.1', forMs: 1, untilMs: 1 })
  expect(answer.status).toBe(400)
  expect(errorOf(answer).message).toContain('give forMs or untilMs, not both')
})

it('topics are joined and left while the node runs, and the answer says that this is not kept', async () => {
  const { path, node } = await openServer()
  const { subscribe, unsubscribe, list } = apiOf(path).admin.topics
  expect(await subscribe.mutate({ topic: 'news' })).toEqual({ topic: 'news', isChanged: true, until: 'stop' })
  expect(await subscribe.mutate({ topic: 'news' })).toMatchObject({ isChanged: false })
  expect(await list.query()).toEqual([{ topic: 'news', peers: 0 }])
  expect(node.topics).toEqual(['news'])
  expect(await unsubscribe.mutate({ topic: 'news' })).toMatchObject({ isChanged: true })
  expect(node.topics).toEqual([])
  expect((await mutate(path, 'admin.topics.subscribe', { topic: 'Not a name' })).status).toBe(400)
})
