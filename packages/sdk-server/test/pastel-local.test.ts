import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { PASTEL_OPERATIONS } from '../src/pastel/pastel-operations.ts'
import { openServer } from './fixtures/open-server.ts'
import { call, PASSPHRASE, type PastelRequest, pastelServer } from './fixtures/pastel-server.ts'

const operations = Object.values(PASTEL_OPERATIONS)
const local = operations.filter(({ isLocal }) => isLocal)
const PASTELID = 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7'

test('all endpoints of the table are there, those for the machine alone as it has them; off by default', async () => {
  expect(operations.map(({ path, isLocal }) => `${path}${isLocal ? ' L' : ''}`)).toEqual([
    '/liveness_ping',
    '/supernode_list_json',
    '/supernode_list_csv',
    '/get_local_machine_sn_info L',
    '/get_sn_data_from_pastelid L',
    '/get_sn_data_from_sn_pubkey L',
    '/get_messages L',
    '/send_message L',
    '/broadcast_message L',
    '/broadcast_message_to_all_sns L',
    '/request_challenge/{pastelid}',
    '/send_user_message',
    '/get_user_messages',
  ])
  const on = await pastelServer()
  const off = await openServer({ http: {} })
  for (const { method, path } of operations) {
    const body = method === 'POST' ? { body: {} } : {}
    expect((await call(on.url, path, body)).status, path).not.toBe(404)
    expect((await call(off.server.url ?? '', path, body)).status, path).toBe(404)
  }
  expect((await call(on.url, '/redoc')).body).toContain('/send_message')
  expect((await call(on.url, '/')).body).toContain('/send_message')
  expect((await call(off.server.url ?? '', '/redoc')).status).toBe(404)
  expect((await call(off.server.url ?? '', '/')).body).not.toContain('/send_message')
})

const strangers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a proxy that adds X-Forwarded-For': { 'x-forwarded-for': '192.0.2.1' },
  'a proxy that hands X-Forwarded-For on empty': { 'x-forwarded-for': '' },
  'X-Forwarded-Host': { 'x-forwarded-host': 'node.example' },
  'X-Forwarded-Proto': { 'x-forwarded-proto': 'https' },
  Forwarded: { forwarded: 'for=192.0.2.1' },
  Via: { via: '1.1 proxy' },
  'X-Real-IP': { 'x-real-ip': '192.0.2.1' },
  'X-Client-IP': { 'x-client-ip': '192.0.2.1' },
  'True-Client-IP': { 'true-client-ip': '192.0.2.1' },
  'a tunnel of Cloudflare': { 'cf-connecting-ip': '192.0.2.1' },
  'a content network': { 'cdn-loop': 'cloudflare' },
  Tailscale: { 'tailscale-user-login': 'someone' },
  ...Object.fromEntries(
    [
      ...['X_Forwarded_For', 'X-Forward-For', 'Client_IP', 'X-ProxyUser-Ip', 'Remote-Addr', 'X-Remote-IP'],
      ...['X-Originating-IP', 'Connecting-IP', 'X-Host', 'X-Scheme', 'X-HTTP-Host-Override', 'X_Real_IP'],
      ...['Real-IP', 'X-Via', 'Fastly-SSL', 'Akamai-Origin-Hop', 'Proxy-Authorization', 'CF-Ray'],
    ].map((name) => [name, { [name]: '192.0.2.1' }]),
  ),
  'a link in a page of elsewhere': { referer: 'https://evil.example/page' },
  'a page that hides where it is': { referer: 'about:blank' },
  'a page in a browser that does not say of which site': { 'sec-fetch-mode': 'no-cors' },
  'a script that says it is of none': { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'cors' },
  'the name of the node': { host: 'node.example' },
  'a name that was made to lead here': { host: 'evil.example:7123' },
  'another address': { host: '192.0.2.7' },
  'a page of another origin': { origin: 'https://evil.example' },
  'a page without an origin': { origin: 'null' },
  'a page of this origin': { origin: 'http://127.0.0.1:7123' },
  'an image in a page': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  'a frame of another site': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  'a link in a page of this site': { 'sec-fetch-site': 'same-origin' },
}

test('whoever comes through something, by another name, or from a page, is refused by what acts without a session', async () => {
  const server = await pastelServer({
    http: { allowedHosts: ['node.example'], trustedProxies: ['127.0.0.1'] },
  })
  const message = {
    message: 'hello',
    message_type: 'greeting',
    receiving_sn_pastelid: server.node.pastelId,
    pastelid_passphrase: PASSPHRASE,
  }
  for (const [who, headers] of Object.entries(strangers)) {
    for (const { method, path } of local) {
      const answer = await call(server.url, path, { method, query: message, headers })
      // By a name that nobody gave the server nothing is answered at all.
      const status = headers.host === 'evil.example:7123' ? 421 : 401
      expect({ status: answer.status, path }, who).toEqual({ status, path })
      expect(answer.body.detail, who).toBeDefined()
      expect(JSON.stringify(answer.body)).not.toContain(PASSPHRASE)
    }
  }
  expect(server.store.end).toBe(0)
  // What a person types into a browser on the machine is no page's.
  const own: PastelRequest['headers'][] = [
    {},
    // The fetch of Node.
    { 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { referer: `${server.url}/redoc` },
    { 'user-agent': 'python-requests/2.32', accept: '*/*', 'accept-encoding': 'gzip' },
    { host: 'localhost:7123' },
    { host: '[::1]' },
  ]
  for (const headers of own)
    expect(await call(server.url, '/get_messages', { headers: headers ?? {} })).toMatchObject({
      status: 200,
      body: [],
    })
  for (const path of ['/liveness_ping', '/supernode_list_json'])
    expect(
      await call(server.url, path, { headers: { via: '1.1 proxy', host: 'node.example' } }),
    ).toMatchObject({
      status: 200,
    })
})

test('a page that may call everything else has no part in it, preflight or not', async () => {
  const origin = 'https://app.example'
  const server = await pastelServer({ http: { corsOrigins: [origin] } })
  const asked = await call(server.url, '/send_message', {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(asked.headers['access-control-allow-origin']).toBeUndefined()
  expect(await call(server.url, '/get_messages', { headers: { origin } })).toMatchObject({ status: 401 })
  const list = await call(server.url, '/supernode_list_json', { headers: { origin: 'https://evil.example' } })
  expect(list.headers['access-control-allow-origin']).toBeUndefined()
})

test('a proxy that was told to say nothing speaks HTTP/1.0, and is refused', async () => {
  const { url } = await pastelServer()
  const answered = async (version: string, target = '/get_messages', host = 'host: 127.0.0.1') => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.end(`GET ${target} HTTP/${version}\r\n${host}\r\nconnection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += chunk
    return text.split('\r\n', 1)[0]
  }
  expect(await answered('1.0')).toContain('401')
  expect(await answered('1.1')).toContain('200')
  // What is asked for as of a proxy, or of two hosts at once.
  expect(await answered('1.1', 'http://127.0.0.1/get_messages')).toMatch(/ 40[014] /)
  for (const second of ['node.example', '127.0.0.1'])
    expect(await answered('1.1', '/get_messages', `host: 127.0.0.1\r\nHost: ${second}`)).toMatch(/ 40[01] /)
})

test('from ::1, and from 127.0.0.1 at a socket of both families, it is local', async () => {
  const { url } = await pastelServer({ http: { host: '::' } })
  const { port } = new URL(url)
  for (const host of ['127.0.0.1', '[::1]'])
    expect(await call(`http://${host}:${port}`, '/get_messages')).toMatchObject({ status: 200 })
})

test('whoever connects from another address is refused, whatever it says', async () => {
  const { url } = await pastelServer({ http: { host: '0.0.0.0' } })
  const local = url.replace('0.0.0.0', '127.0.0.1')
  const headers = { host: 'localhost' }
  expect(await call(local, '/get_messages', { headers, from: '127.0.0.2' })).toMatchObject({ status: 401 })
  expect(await call(local, '/get_messages', { headers })).toMatchObject({ status: 200 })
  expect(await call(local, '/liveness_ping', { headers, from: '127.0.0.2' })).toMatchObject({ status: 200 })
})

test('without a session there are limits all the same', async () => {
  const { url } = await pastelServer()
  const ask = async (headers: Record<string, string>) => {
    const path = `/request_challenge/${PASTELID}`
    return new Set(
      await Promise.all(Array.from({ length: 300 }, async () => (await call(url, path, { headers })).status)),
    )
  }
  // A program of the machine may do as much as with what is for it alone; what comes through something may not.
  expect(await ask({})).toEqual(new Set([200]))
  expect(await ask({ via: '1.1 proxy' })).toEqual(new Set([200, 429]))
  const large = { method: 'POST', headers: { 'content-type': 'application/json' } }
  for (const [path, size, status] of [
    ['/send_user_message', 70_000, 413],
    ['/send_message', 1_100_000, 413],
  ] as const) {
    const answer = await call(url, path, { ...large, raw: `{"x":"${'y'.repeat(size)}"}` })
    expect(answer).toMatchObject({ status, body: { detail: expect.any(String) } })
  }
  const deep = await call(url, '/send_message', { ...large, raw: `${'['.repeat(5_000)}${']'.repeat(5_000)}` })
  expect(deep).toMatchObject({ status: 400 })
})

test('no passphrase is in what is told of requests, however it came and whatever became of it', async () => {
  const server = await pastelServer()
  const query = { message: 'x', message_type: 'y', pastelid_passphrase: PASSPHRASE }
  const sends = local.filter(({ method }) => method === 'POST')
  for (const { path } of sends) {
    await call(server.url, path, { method: 'POST', query })
    await call(server.url, path, { method: 'POST', query, headers: { via: '1.1 x' } })
    await call(server.url, path, { method: 'PUT', query })
    const unreadable = await call(server.url, `${path}%%`, { method: 'POST', query })
    expect(unreadable.status).toBe(400)
    expect(JSON.stringify(unreadable.body)).not.toContain(encodeURIComponent(PASSPHRASE).slice(0, 30))
    await call(server.url, path, { body: query })
    await call(server.url, path, { method: 'POST', headers: { 'pastelid-passphrase': PASSPHRASE } })
  }
  expect(server.requests.length).toBe(6 * sends.length)
  const told = JSON.stringify([server.requests, server.errors.map(String), server.logins])
  for (const spelling of [PASSPHRASE, encodeURIComponent(PASSPHRASE), PASSPHRASE.slice(0, 30)])
    expect(told).not.toContain(spelling)
})
