import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createFileRegistry } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test } from 'vitest'
import { openApiDocument } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { post as callTrpc, get as readTrpc } from './fixtures/http-call.ts'
import { responseChecker } from './fixtures/response-checker.ts'
import { type RestAnswer, restServer } from './fixtures/rest-call.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const check = responseChecker(openApiDocument())

test('messages are published, listed and read', async () => {
  const { get, post, node } = await restServer()
  const sent = await post('/messages', {
    topic: 'prices',
    messages: [
      { json: { usd: 1 }, type: 'price' },
      { text: 'two', headers: { a: 'b' } },
    ],
  })
  expect(sent.status).toBe(200)
  const [first, second] = sent.body.ids
  const page = await get('/messages?topic=prices&oldestFirst=true&limit=1')
  expect(check('GET', '/messages', 200, page.body)).toEqual([])
  expect(page.body.messages).toMatchObject([{ id: first, json: { usd: 1 }, sender: node.pastelId }])
  const rest = await get(`/messages?oldestFirst=true&from=${page.body.next}`)
  expect(rest.body.messages).toMatchObject([{ id: second, text: 'two' }])
  expect(rest.body).not.toHaveProperty('next')
  const one = await get(`/messages/${second}`)
  expect(one.body).toEqual(rest.body.messages[0])
  const proof = await get(`/messages/${second}/proof`)
  expect(check('GET', '/messages/{id}/proof', 200, proof.body)).toEqual([])
  expect((await get(`/messages/${first}/stored-by`)).body).toEqual({
    id: first,
    topic: 'prices',
    stored: 0,
    members: [],
  })
})

test('texts of a query become what is meant: no is no, and a time is a number or a date', async () => {
  const { get, post } = await restServer()
  const { body } = await post('/messages', { topic: '17', messages: [{ text: 'old' }, { text: 'new' }] })
  const [old, young] = body.ids
  const idsOf = async (query: string) =>
    (await get(`/messages?${query}`)).body.messages.map(({ id }: { id: string }) => id)
  expect(await idsOf('oldestFirst=false')).toEqual([young, old])
  expect(await idsOf('oldestFirst=true')).toEqual([old, young])
  expect(await idsOf('topic=17')).toEqual([young, old])
  expect(await idsOf(`since=${Date.now() + 60_000}`)).toEqual([])
  expect(await idsOf(`since=1000`)).toEqual([young, old])
  expect(await idsOf('since=2020-01-01')).toEqual([young, old])
  expect(await idsOf('until=2020-01-01T00:00:00Z')).toEqual([])
  for (const wrong of [
    'limit=x',
    'limit=',
    'limit=1.5',
    'limit=1&limit=2',
    'oldestFirst=1',
    'nonsense=1',
    'since=-1',
  ]) {
    const { status, body } = await get(`/messages?${wrong}`)
    expect([status, body.code, body.message], wrong).toEqual([
      400,
      'BAD_REQUEST',
      expect.stringMatching(/^the input is wrong: /),
    ])
  }
})

test('what plain HTTP takes leaves what tRPC takes as strict as it was', async () => {
  const { get, url, key } = await restServer()
  expect((await get('/messages?limit=5&oldestFirst=true')).status).toBe(200)
  expect((await readTrpc(url, 'service.messages.list', key, { limit: '5' })).status).toBe(400)
  expect((await readTrpc(url, 'service.messages.list', key, { oldestFirst: 'false' })).status).toBe(400)
})

test('direct messages are sent, listed and looked up', async () => {
  const { get, post, node } = await restServer()
  const sent = await post('/messages/send', { to: [node.pastelId], messages: [{ text: 'hello' }] })
  expect(check('POST', '/messages/send', 200, sent.body)).toEqual([])
  const { id } = sent.body.sent[0]
  const delivered = await get(`/messages/${id}/delivery?waitMs=10000`)
  expect(check('GET', '/messages/{id}/delivery', 200, delivered.body)).toEqual([])
  expect(delivered.body).toMatchObject({ state: 'delivered', recipient: node.pastelId })
  expect((await get(`/messages/${id}/delivery`)).body).toEqual(delivered.body)
  await post('/messages', { topic: 'prices', messages: [{ text: 'to all' }] })
  const inbox = await get('/messages?inbox=true')
  expect(check('GET', '/messages', 200, inbox.body)).toEqual([])
  expect(inbox.body.messages).toMatchObject([{ text: 'hello', direct: 'received' }])
  expect((await get(`/messages/${inbox.body.messages[0].id}`)).body).toEqual(inbox.body.messages[0])
  const listed = await get(`/messages/sent?to=${node.pastelId}`)
  expect(check('GET', '/messages/sent', 200, listed.body)).toEqual([])
  expect(listed.body.messages).toHaveLength(1)
  const disclosed = await get(`/messages/${id}/disclosure`)
  expect(check('GET', '/messages/{id}/disclosure', 200, disclosed.body)).toEqual([])
})

test('the node says which it is, what it carries and who is a member', async () => {
  const file = join(await temporaryFolder(), 'members')
  const { pastelId: away } = createLocalSigner(generateSeed())
  await writeFile(file, `${away}\n`)
  const registry = createFileRegistry({ path: file, always: [] })
  await registry.start()
  onTestFinished(() => registry.stop())
  const { get, post, node } = await restServer({ registry })
  await registry.add?.(node.pastelId)
  node.join('prices')
  await post('/messages', { topic: 'prices', messages: [{ text: 'x' }] })
  expect((await get('/info')).body).toEqual({
    version: '1.2.3',
    network: 'testnet',
    pastelId: node.pastelId,
    peerId: node.peerId,
    limits: {
      batchCalls: 20,
      bodyBytes: 8_388_608,
      callMessages: 1_000,
      pageMessages: 1_000,
      pageBytes: 4_194_304,
    },
  })
  expect((await get('/topics')).body).toEqual({
    topics: [{ topic: 'prices', peers: [], taken: { messages: 1, batches: 1, bytes: expect.any(Number) } }],
  })
  const members = await get('/members?limit=10')
  expect(check('GET', '/members', 200, members.body)).toEqual([])
  expect(members.body).toMatchObject({ isOpen: false, size: 2 })
  expect(members.body.members).toContainEqual({ pastelId: node.pastelId, role: 'member', isConnected: true })
  expect(members.body.members).toContainEqual({ pastelId: away, role: 'member', isConnected: false })
  expect((await get('/statistics')).body.taken.messages).toBe(1)
  expect((await get('/statistics/counts?by=receiver')).body.counts).toMatchObject([
    { topic: 'prices', messages: 1 },
  ])
})

test('the time is ISO 8601, and anybody may ask for it', async () => {
  const { url } = await restServer()
  const body = (await (await fetch(`${url}/api/v1/ping`)).json()) as { time: string }
  expect(new Date(body.time).toISOString()).toBe(body.time)
})

test('every error has one shape and the status that it means', async () => {
  const { get, post, url, errors } = await restServer()
  const raw = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, init)
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const deep = `{"topic":"a","messages":[{"json":${'['.repeat(40)}${']'.repeat(40)}}]}`
  const json = { 'content-type': 'application/json' }
  const cases: [number, string | undefined, () => Promise<RestAnswer>][] = [
    [401, 'ERR_NOT_LOGGED_IN', () => raw('/messages')],
    [401, 'ERR_TOKEN', () => raw('/messages', { headers: { authorization: 'Bearer nonsense' } })],
    [400, 'ERR_CURSOR', () => get('/messages?from=nonsense')],
    [400, 'ERR_MESSAGE_ID', () => get('/messages/nonsense')],
    [404, 'ERR_NOT_STORED', () => get('/messages/bmyfk6u7ytuq4m2ypwrmp3argy-17')],
    [404, 'ERR_UNKNOWN_MESSAGE', () => get('/messages/bmyfk6u7ytuq4m2ypwrmp3argy-17/delivery')],
    [404, undefined, () => get('/nothing')],
    [404, undefined, () => get('/messages/a/b/c')],
    [400, undefined, () => get('/messages/%ff')],
    [405, undefined, () => raw('/messages', { method: 'DELETE' })],
    [405, undefined, () => post('/info', {})],
    [
      415,
      'ERR_CONTENT_TYPE',
      () =>
        raw('/messages', {
          method: 'POST',
          body: 'topic=a',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
    ],
    [405, undefined, () => raw('/messages', { method: 'PUT', body: '{}', headers: json })],
    [
      413,
      'ERR_TOO_LARGE',
      () => post('/messages', { topic: 'a', messages: [{ text: 'x'.repeat(9 * 1024 * 1024) }] }),
    ],
    [400, 'ERR_TOO_DEEP', () => post('/messages', deep)],
    [400, undefined, () => post('/messages', '{')],
    [400, undefined, () => post('/messages', '')],
    [400, undefined, () => post('/messages', '[]')],
    [400, undefined, () => post('/messages', 'null')],
    [400, undefined, () => post('/messages', '{"__proto__":{"a":1},"topic":"a","messages":[{"text":"x"}]}')],
    [400, 'ERR_TOPIC_NAME', () => post('/messages', { topic: '!!', messages: [{ text: 'x' }] })],
    [401, 'ERR_NOT_LOGGED_IN', () => raw('/messages', { method: 'POST', body: '{}', headers: json })],
  ]
  for (const [index, [status, meshCode, call]] of cases.entries()) {
    const answer = await call()
    expect([answer.status, answer.body.meshCode], `case ${index}: ${JSON.stringify(answer.body)}`).toEqual([
      status,
      meshCode,
    ])
    expect(check('GET', '/messages', status, answer.body)).toEqual([])
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:\d|stack/)
  }
  expect(errors).toEqual([])
  expect((await raw('/messages')).headers.get('www-authenticate')).toBe('Bearer')
  expect((await raw('/messages', { method: 'DELETE' })).headers.get('allow')).toBe('POST, GET')
})

test('a scope, and a rate, hold here as well', async () => {
  const { url, path, post, get } = await restServer({ callRate: { perSecond: 1, burst: 4 } })
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'reader', scopes: ['read'] })
  const login = { authorization: `Bearer ${secret}` }
  const refused = await post('/messages', { topic: 'a', messages: [{ text: 'x' }] }, login)
  expect([refused.status, refused.body.meshCode]).toEqual([403, 'ERR_FORBIDDEN'])
  expect((await callTrpc(url, 'service.messages.publish', {}, secret)).status).toBe(403)
  const answers = await Promise.all(Array.from({ length: 8 }, () => get('/info')))
  const limited = answers.find(({ status }) => status === 429)
  expect(limited?.body).toMatchObject({ code: 'TOO_MANY_REQUESTS', meshCode: 'ERR_RATE_LIMIT' })
  expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('the page shows every operation, and needs nothing that its policy would have to allow', async () => {
  const { url } = await restServer()
  const page = await fetch(`${url}/`)
  const html = await page.text()
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self';script-src-attr 'none'/)
  expect(html).not.toMatch(/<script|https?:\/\/(?!127\.0\.0\.1)|\son\w+=/)
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as {
    paths: Record<string, object>
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) {
      expect(html).toContain(`<span class="method">${method.toUpperCase()}</span> <code>${path}</code>`)
    }
  }
})

test('the examples of the page go to the public URL, where there is one', async () => {
  const { url } = await restServer({ http: { publicUrls: ['https://node.example'] } })
  const html = await (await fetch(`${url}/`)).text()
  expect(html).toContain("curl 'https://node.example/api/v1/")
  expect(html).not.toContain('http://')
})
