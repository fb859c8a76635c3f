import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { logIn } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { subscribeAt } from './fixtures/subscribe.ts'

const viewer = createLocalSigner(generateSeed())

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

it('the status shows where the API is served, and by how many it is used', async () => {
  const { path, server } = await openServer({
    http: {},
    monitoring: {},
    roles: { viewers: [viewer.pastelId] },
  })
  const { admin } = apiOf(path)
  const { url = '', monitoringUrl: metricsUrl } = server
  expect((await admin.status.query()).api).toEqual({
    urls: [url],
    metricsUrl,
    sessions: 0,
    followers: 0,
  })
  await logIn(url, viewer)
  const stream = await subscribeAt(path, {})
  await waitUntil(async () => (await admin.status.query()).api.followers === 1, { what: 'one who follows' })
  expect((await admin.status.query()).api.sessions).toBe(1)
  stream.close()
  await waitUntil(async () => (await admin.status.query()).api.followers === 0, { what: 'the stream to end' })

  const behind = await openServer({ http: { publicUrls: ['https://node.example'] } })
  expect((await apiOf(behind.path).admin.status.query()).api.urls).toEqual([
    behind.server.url,
    'https://node.example',
  ])
  const alone = await openServer()
  expect((await apiOf(alone.path).admin.status.query()).api).toEqual({ urls: [], sessions: 0, followers: 0 })
})
