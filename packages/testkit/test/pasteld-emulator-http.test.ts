import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PasteldEmulator, startPasteldEmulator } from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { basicAuth, call, post } from './fixtures/emulated-rpc.ts'

let emulator: PasteldEmulator
const core = () => emulator.supernodes[0] as PasteldEmulator['supernodes'][0]
const withCookie = () => emulator.supernodes[1] as PasteldEmulator['supernodes'][0]

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: [{}, { auth: 'cookie' }], latency: 0 })
})
afterAll(() => emulator.stop())

describe('answers', () => {
  it('a result: HTTP 200, and result, error, id', async () => {
    const { status, text, headers } = await call(core(), 'getblockcount')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(text)).toEqual({ result: 700_000, error: null, id: 'test' })
  })

  it('an error: HTTP 500, and the same three', async () => {
    const { status, text } = await call(core(), 'masternode', ['message', 'send', 'zz', 'hello'])
    expect(status).toBe(500)
    expect(JSON.parse(text)).toEqual({
      result: null,
      error: { code: -32603, message: 'Invalid Masternode Public Key' },
      id: 'test',
    })
  })

  it('an unknown method: HTTP 404 and -32601', async () => {
    const { status, json } = await call(core(), 'getnothing')
    expect([status, json.error]).toEqual([404, { code: -32601, message: 'Method not found' }])
  })

  it.each([
    ['{"method":"getinfo","params":{},"id":1}', 'Params must be an array'],
    ['{"method":"getinfo","params":"x","id":1}', 'Params must be an array'],
    ['{"params":[],"id":1}', 'Missing method'],
    ['{"method":1,"params":[],"id":1}', 'Method must be a string'],
  ])('a request that is none, %s: HTTP 400 and -32600', async (body, message) => {
    const { status, json } = await post(core(), body)
    expect([status, json.error, json.id]).toEqual([400, { code: -32600, message }, 1])
  })

  it.each([['{'], ['7'], ['']])('a body that is none, %j: HTTP 500 and -32700', async (body) => {
    const { status, json } = await post(core(), body)
    expect([status, json.error?.code, json.id]).toEqual([500, -32700, null])
  })

  it('a wrong count of parameters: HTTP 500 and -8', async () => {
    const { status, json } = await call(core(), 'pastelid', ['sign', 'text'])
    expect([status, json.error?.code]).toEqual([500, -8])
  })

  it('a batch: HTTP 200, an answer for each part, each with its own error', async () => {
    const body = JSON.stringify([
      { method: 'getblockcount', params: [], id: 1 },
      { method: 'getnothing', params: [], id: 2 },
      7,
    ])
    const { status, text } = await post(core(), body)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual([
      { result: 700_000, error: null, id: 1 },
      { result: null, error: { code: -32601, message: 'Method not found' }, id: 2 },
      { result: null, error: { code: -32600, message: 'Invalid Request object' }, id: null },
    ])
    expect((await post(core(), '[]')).text).toBe('[]\n')
  })

  it('GET: HTTP 405; another path: HTTP 404', async () => {
    expect((await post(core(), '', { method: 'GET' })).status).toBe(405)
    expect((await call(core(), 'getinfo', [], { path: '/wallet' })).status).toBe(404)
  })

  it('a body of more than 33,554,432 bytes is refused before it is sent', async () => {
    const socket = connect(Number(new URL(core().url).port), '127.0.0.1')
    const head = (bytes: number) =>
      `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${basicAuth(core())}\r\nContent-Length: ${bytes}\r\n\r\n`
    socket.write(head(33_554_433))
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /)
    socket.destroy()
  })

  it('a body of 33,554,432 bytes is read', async () => {
    const before = '{"method":"getblockcount","params":[],"id":1}'
    const { status } = await post(core(), before.padEnd(33_554_432))
    expect(status).toBe(200)
  })
})

describe('authentication', () => {
  it('none: 401 at once, and asked for', async () => {
    const ended: string[] = []
    const end = (name: string) => () => ended.push(name)
    const wrong = call(core(), 'getinfo', [], { authorization: 'Basic x' }).finally(end('wrong'))
    const none = call(core(), 'getinfo', [], { authorization: '' }).finally(end('none'))
    const { status, headers, text } = await none
    expect([status, headers['www-authenticate'], text]).toEqual([401, 'Basic realm="jsonrpc"', ''])
    await wrong
    expect(ended).toEqual(['none', 'wrong'])
  })

  it.each(['Basic bm9ib2R5Om5vdGhpbmc=', 'Basic ', 'Bearer x'])(
    'wrong, %s: 401 after 250 ms',
    async (wrong) => {
      const before = performance.now()
      const { status } = await call(core(), 'getinfo', [], { authorization: wrong })
      expect(status).toBe(401)
      expect(performance.now() - before).toBeGreaterThanOrEqual(249)
    },
  )

  it('by the cookie, where pastel.conf has no password; with each start another one', async () => {
    const first = basicAuth(withCookie())
    expect(Buffer.from(first.slice(6), 'base64').toString()).toMatch(/^__cookie__:[0-9a-f]{64}$/)
    expect((await call(withCookie(), 'getinfo')).status).toBe(200)
    await withCookie().restart()
    expect((await call(withCookie(), 'getinfo')).status).toBe(200)
    expect((await call(withCookie(), 'getinfo', [], { authorization: first })).status).toBe(401)
  })

  it('of another core is none', async () => {
    const { status } = await call(core(), 'getinfo', [], { authorization: basicAuth(withCookie()) })
    expect(status).toBe(401)
  })
})
