import { expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('the status shows what an operator asks first', async () => {
  const before = Date.now()
  const { path, node } = await openServer()
  const api = apiOf(path)
  node.join('prices')
  await api.service.messages.publish.mutate({ topic: 'prices', messages: [{ text: 'a' }, { text: 'b' }] })
  const status = await api.admin.status.query()
  expect(status).toMatchObject({
    version: '1.2.3',
    pid: process.pid,
    network: 'testnet',
    pastelId: node.pastelId,
    peerId: node.peerId,
    addresses: node.addresses(),
    topics: [{ topic: 'prices', peers: 0 }],
    peers: [],
    store: { messages: 2, commits: expect.any(Number), syncs: expect.any(Number) },
    counters: { published: { batches: 1, messages: 2 }, received: { batches: 0, messages: 0 } },
  })
  expect(status.startedAtMs).toBeGreaterThanOrEqual(before)
  expect(status.startedAtMs).toBeLessThanOrEqual(Date.now())
})

it('two nodes are connected by the address of one', async () => {
  const [one, other] = [await openServer(), await openServer()]
  const [address = ''] = other.node.addresses()
  const peer = await apiOf(one.path).admin.connect.mutate({ address })
  expect(peer).toMatchObject({ peerId: other.node.peerId, pastelId: other.node.pastelId })
  const { peers } = await apiOf(one.path).admin.status.query()
  expect(peers).toMatchObject([{ peerId: other.node.peerId, direction: 'outbound' }])
})

it.each([
  ['what is no address', 'nonsense', 400, 'ERR_ADDRESS'],
  ['an address where nobody is', '/ip4/127.0.0.1/tcp/1', 502, 'ERR_DIAL'],
])('a connection to %s fails with its code', async (_, address, status, meshCode) => {
  const { path } = await openServer()
  const answer = await mutate(path, 'admin.connect', { address })
  expect(answer.status).toBe(status)
  expect(errorOf(answer).data).toMatchObject({ meshCode })
})
