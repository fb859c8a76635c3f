import { expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
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
    relay: false,
    peers: [],
    knownNodes: 0,
    store: { messages: 2, commits: expect.any(Number), syncs: expect.any(Number) },
    counters: { published: { batches: 1, messages: 2 }, received: { batches: 0, messages: 0 } },
  })
  expect(status.startedAtMs).toBeGreaterThanOrEqual(before)
  expect(status.startedAtMs).toBeLessThanOrEqual(Date.now())
})
