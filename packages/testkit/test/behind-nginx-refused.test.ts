import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ConnectionOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient, pastelIdAuth } from '../../sdk-client/src/index.ts'
import { logIn } from '../../sdk-server/test/fixtures/http-call.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { fetchFrom } from './fixtures/fetch-from.ts'
import { type HttpsAnswer, httpsCall } from './fixtures/https-call.ts'
import { openHttp2, unfinished } from './fixtures/open-http2.ts'
import { allOf, openTls } from './fixtures/open-tls.ts'
import { servedBehindNginx, TOPIC } from './fixtures/served-behind-nginx.ts'

const served = servedBehindNginx()

/** What is answered without TLS. */
async function plainly(path: string, host = 'localhost') {
  const call = request({
    host: '127.0.0.1',
    port: served.nginx.plainPort,
    path,
    headers: { host },
    agent: false,
  })
  call.end()
  const [response] = await once(call, 'response')
  return { status: response.statusCode, location: response.headers.location, body: await text(response) }
}

const open = (options: ConnectionOptions = {}) => openTls({ port: served.nginx.port, ...options })

const call = (path: string, options: Partial<Parameters<typeof httpsCall>[0]> = {}) =>
  httpsCall({ port: served.nginx.port, path, ...options })

/** Requests at a time. */
const WAVE = 30

interface Flood {
  readonly path: (at: number) => string
  readonly from: string
  readonly headers?: Record<string, string>
  /** What is let through. */
  readonly perSecond: number
  readonly burst: number
  /** Who refuses the rest. @default that does not matter */
  readonly by?: 'nginx' | 'node'
}

/** Sends until some are refused, each saying that it is somebody else, and none is that should not. @returns one of those */
async function flood({ path, from, headers = {}, perSecond, burst, by }: Flood) {
  const seen = async () => (await served.seen()).filter(({ address }) => address === from).length
  const before = await seen()
  const begunMs = performance.now()
  // What is counted is requests.
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  onTestFinished(() => agent.destroy())
  const refused: HttpsAnswer[] = []
  let sent = 0
  while (refused.length < 20) {
    const answers = await Promise.all(
      Array.from({ length: WAVE }, (_, at) =>
        call(path(at), { from, agent, headers: { 'x-forwarded-for': `192.0.2.${at}`, ...headers } }),
      ),
    )
    sent += WAVE
    refused.push(...answers.filter(({ status }) => status === 429))
    const most = burst + 1 + Math.ceil((perSecond * (performance.now() - begunMs)) / 1_000)
    expect(sent - refused.length, 'let through').toBeLessThanOrEqual(most)
    if (sent <= burst) expect(refused).toEqual([])
  }
  if (by === undefined) return refused[0] as HttpsAnswer
  const come = before + (by === 'nginx' ? sent - refused.length : sent)
  await waitUntil(async () => (await seen()) >= come, { what: 'the log of the node' })
  expect(await seen(), 'seen by the node').toBe(come)
  return refused[0] as HttpsAnswer
}

describe.skipIf(missingForNginx !== undefined)('nginx refuses', () => {
  test('too much: as the node does, before it has to', async () => {
    const refused = async (path: string, size: number, headers: Record<string, string> = {}) => {
      const { status, body } = await call(path, { body: Buffer.alloc(size, ' '), headers })
      return { status, told: status === 413 ? JSON.parse(body) : undefined }
    }
    const tooLarge = { code: 'PAYLOAD_TOO_LARGE', meshCode: 'ERR_TOO_LARGE' }
    expect(await refused('/api/v1/messages', 65_537)).toMatchObject({ status: 413, told: tooLarge })
    expect(await refused('/trpc/auth.verify', 100_000)).toMatchObject({
      status: 413,
      told: { error: { json: { data: { httpStatus: 413, ...tooLarge } } } },
    })
    expect((await refused('/api/v1/messages', 10, { 'transfer-encoding': 'chunked' })).status).toBe(413)
    // That much gets to the node, which finds that it is no JSON.
    expect((await refused('/api/v1/messages', 65_536)).status).toBe(400)
    const authorization = 'Bearer whatever it is'
    expect(await refused('/trpc/x', 8 * 1024 * 1024 + 1, { authorization })).toMatchObject({ status: 413 })
    const { accessToken } = await logIn(served.nginx.url, served.person)
    const large = await call('/api/v1/messages', {
      body: JSON.stringify({ topic: TOPIC, messages: Array(20).fill({ text: 'x'.repeat(100_000) }) }),
      headers: { authorization: `Bearer ${accessToken}` },
    })
    expect(large.status).toBe(200)
    // There is nothing that takes so much.
    for (const path of ['/', '/trpc'])
      expect(await refused(path, 65_537, { authorization }), path).toMatchObject({ status: 413 })
    const paths = (await served.seen()).filter(({ status }) => status === 413)
    expect(paths).toEqual([])
  })

  test.each([
    ['/slow', '127.0.0.11'],
    ['/trpc/slow', '127.0.0.13'],
    ['/trpc/auth.slow', '127.0.0.14'],
    ['/trpc/slow,auth.slow', '127.0.0.15'],
  ])('too much at a time, by %s', async (slow, from) => {
    const headers = { authorization: 'Bearer nothing good' }
    const uploads = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = await open({ localAddress: from } as ConnectionOptions)
        const head = [
          `POST ${slow} HTTP/1.1`,
          'host: localhost',
          'authorization: x',
          'content-length: 8000000',
        ]
        socket.write(`${head.join('\r\n')}\r\n\r\n`)
        return socket
      }),
    )
    const path = '/api/v1/messages'
    const body = Buffer.alloc(70_000, ' ')
    await waitUntil(async () => (await call(path, { from, headers, body })).status === 429, {
      what: 'those to be under way',
    })
    expect((await call(path, { from, headers, body: '{}' })).status).toBe(401)
    expect((await call(path, { from: '127.0.0.12', headers, body })).status).toBe(413)
    for (const socket of uploads) socket.destroy()
    await waitUntil(async () => (await call(path, { from, headers, body })).status === 413, {
      what: 'their places to be free',
    })
  })

  test.each([
    ['/', '127.0.0.31'],
    ['/trpc', '127.0.0.32'],
    ['/trpc/service.ping', '127.0.0.33'],
    ['/livez', '127.0.0.34'],
  ])('too many at a time, at %s', async (path, from) => {
    const headers = { authorization: 'Bearer nothing good' }
    for (let session = 0; session < 2; session += 1) {
      const connection = await openHttp2(served.nginx.port, from)
      for (let at = 0; at < 100; at += 1)
        void unfinished(connection, {
          ...headers,
          ...{ ':method': 'POST', ':path': path, 'content-length': 9 },
        }).catch(() => {})
    }
    await waitUntil(async () => (await call(path, { from, headers })).status === 429, {
      what: 'those to be under way',
      timeoutMs: 5_000,
    })
    expect((await call(path, { from: '127.0.0.12', headers })).status).not.toBe(429)
  })

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST'])(
    'by HTTP/2, a %s with more than 64 KiB of which nothing says how much it is',
    async (method) => {
      const session = await openHttp2(served.nginx.port, '127.0.0.16')
      const body = 'x'.repeat(70_000)
      // A POST may, with a login: up to eight at a time.
      const headers = method === 'POST' ? {} : { authorization: 'Bearer nothing good' }
      for (const path of ['/', '/trpc', '/trpc/service.ping', '/trpc/auth.whoami', '/livez']) {
        const answer = await unfinished(session, { ...headers, ':method': method, ':path': path }, body)
        expect(answer.status, path).toBe(413)
        if (method !== 'HEAD') expect(answer.body).toContain('ERR_TOO_LARGE')
      }
      expect((await served.seen()).filter(({ address }) => address === '127.0.0.16')).toEqual([])
    },
  )

  test.each(['M-SEARCH', 'A_B', 'OPTIONSX', 'TRACE'])('%s, a method that is not taken', async (method) => {
    const from = '127.0.0.17'
    const answers = await Promise.all(
      ['/livez', '/', '/trpc/service.ping'].map((path) =>
        call(path, { from, method, body: Buffer.alloc(60_000) }),
      ),
    )
    for (const { status, headers, body } of answers) {
      expect({ status, allow: headers.allow?.split(', ').length }).toEqual({ status: 405, allow: 7 })
      expect(body).toContain('"code":"METHOD_NOT_SUPPORTED"')
    }
    expect(JSON.parse(answers[2]?.body ?? '')).toMatchObject({
      error: { json: { data: { httpStatus: 405 } } },
    })
    expect((await served.seen()).filter(({ address }) => address === from)).toEqual([])
  })

  test.each([
    ['two hosts', 'GET /trpc/x HTTP/1.1\r\nhost: localhost\r\nhost: localhost'],
    ['no method', 'get / HTTP/1.1'],
    ['another version', 'GET / HTTP/3.0'],
    ['a length that is none', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: many'],
    ['a long address', `GET /${'x'.repeat(9_000)} HTTP/1.1`],
    ['a long header', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(9_000)}`],
  ])('what is no request, with %s, as the node does', async (_, head) => {
    const socket = await open()
    socket.write(`${head}\r\n\r\n`)
    const [top, body] = (await allOf(socket)).split('\r\n\r\n')
    expect(top).toMatch(/^HTTP\/1\.1 400 /)
    expect(top).toMatch(/\ncontent-type: application\/json/i)
    const { code } = head.includes('/trpc') ? JSON.parse(body ?? '').error.json.data : JSON.parse(body ?? '')
    expect(code).toBe('BAD_REQUEST')
  })

  test('without a log of each, and no path fills one', async () => {
    const { nginx } = served
    const from = '127.0.0.18'
    const errors = await nginx.log('error')
    const path = `/${'%01'.repeat(2_500)}`
    await flood({ path: () => path, from, perSecond: 10, burst: 100 })
    for (const headers of [{}, { authorization: 'x' }])
      await call(path, { from, method: 'POST', headers: { ...headers, 'content-length': '9000000' } })
    await call(path, { from, method: 'M-SEARCH' })
    await waitUntil(async () => (await nginx.requests()).some(({ address }) => address === from), {
      what: 'the log',
    })
    const lines = (await nginx.requests()).filter(({ address }) => address === from)
    expect(lines.filter(({ requests }) => requests !== 'PASSED')).toEqual([])
    expect(lines.filter(({ status }) => status !== 404 && status !== 429)).toEqual([])
    for (const { path } of lines) expect(path).toBe(`/${'\u0001'.repeat(199)}...`)
    expect(await nginx.log('error')).toBe(errors)
  })

  test('too many of one address, whatever it says it is; others go on', async () => {
    const from = '127.0.0.9'
    const strangers = await flood({ path: () => '/livez', from, perSecond: 10, burst: 100, by: 'nginx' })
    expect(JSON.parse(strangers.body)).toMatchObject({ meshCode: 'ERR_RATE_LIMIT', retryAfterMs: 1_000 })
    expect(strangers.headers['retry-after']).toBe('1')
    // Beyond what they take of anybody, nginx lets those through who show something: there the node counts.
    const headers = { authorization: 'Bearer nothing good' }
    await flood({ path: () => '/trpc/service.ping', from, headers, perSecond: 10, burst: 100, by: 'node' })
    for (const path of ['/livez', '/trpc/service.ping']) expect((await call(path)).status).toBe(200)
    const addresses = (await served.seen()).map(({ address }) => address)
    expect(addresses.filter((address) => address.startsWith('192.0.2.'))).toEqual([])
  })

  test('too many logins, also in a batch and spelled otherwise', async () => {
    const { port, authority } = served.nginx
    const from = '127.0.0.10'
    const logIn = () =>
      createClient({
        url: served.nginx.url,
        auth: pastelIdAuth(served.person),
        fetch: fetchFrom({ port, from, ca: authority.certificate }),
      }).login()
    await logIn()
    const paths = ['/trpc/auth.challenge', '/trpc/service.ping,auth.verify', '/trpc/%61uth.refresh']
    const headers = { authorization: 'Bearer nothing good' }
    const path = (at: number) => paths[at % paths.length] as string
    await flood({ path, from, headers, perSecond: 2, burst: 40, by: 'nginx' })
    // The typed client hears what it is; a place or two may be free again.
    await expect(Promise.all(Array.from({ length: 10 }, logIn))).rejects.toMatchObject({
      ...{ code: 'ERR_RATE_LIMIT', httpStatus: 429, retryAfterMs: 1_000, retryable: true },
    })
  })

  test.each([
    '/metrics',
    '/readyz',
    '/readyz?verbose',
    '//readyz',
    '/%72eadyz',
    '/./x/../readyz',
    '/x%2f..%2freadyz',
    '/get_messages?last_k_minutes=5',
    '/%73end_message',
    '//broadcast_message_to_all_sns',
  ])('%s, which is for this machine alone', async (path) => {
    const { status, body, headers } = await call(path)
    expect({ status, body: JSON.parse(body).code }).toEqual({ status: 404, body: 'NOT_FOUND' })
    expect(headers['strict-transport-security']).toBe('max-age=31536000')
    expect((await served.seen()).filter(({ path }) => /readyz|_message/.test(path))).toEqual([])
  })

  test('to answer under another name, with and without TLS', async () => {
    await expect(open({ servername: 'evil.example' })).rejects.toThrow('unrecognized name')
    await expect(open({ servername: '' })).rejects.toThrow('unrecognized name')
    const socket = await open()
    socket.write('GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n')
    expect(await allOf(socket)).toBe('')
    const without = await open()
    without.write('GET / HTTP/1.1\r\n\r\n')
    expect(await allOf(without)).toBe('')
    await expect(plainly('/', 'evil.example')).rejects.toThrow('socket hang up')
    expect(await served.nginx.log('access')).toBe('')
  })

  test('all that is not modern TLS', async () => {
    await expect(
      open({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow(/alert protocol version/)
    await expect(open({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA' })).rejects.toThrow(
      /alert handshake failure/,
    )
    const finite = await open({ maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' })
    expect(finite.getEphemeralKeyInfo()).toEqual({ type: 'DH', size: 2048 })
    const older = await open({ maxVersion: 'TLSv1.2' })
    expect(older.getTLSTicket()).toBeUndefined()
    expect((await open()).getProtocol()).toBe('TLSv1.3')
  })

  test('everything without TLS, but what a certificate authority asks for', async () => {
    const { nginx } = served
    const challenge = '/.well-known/acme-challenge/'
    const folder = join(nginx.webroot, challenge)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'token'), 'answer')
    expect(await plainly(`${challenge}token`)).toMatchObject({ status: 200, body: 'answer' })
    expect(await plainly(`${challenge}..%2f..%2f..%2fnginx.conf`)).toMatchObject({ status: 400 })
    for (const path of ['/', '/trpc/service.ping?x=1', '/readyz'])
      expect(await plainly(path)).toMatchObject({ status: 301, location: `https://localhost${path}` })
    // What was asked for is in no log.
    expect(await nginx.log('access')).toBe('')
  })
})
