import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { callerBehind } from '../src/transport/trusted-proxies.ts'
import { logIn, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const viewer = createLocalSigner(generateSeed())

async function open(http: object) {
  const opened = await openServer({ http, roles: { viewers: [viewer.pastelId] } })
  return { ...opened, url: opened.server.url ?? '' }
}

const BATCH = 20

/** Of batches of twenty calls, each handed on by a proxy that says this, how many calls are over the limit. */
async function refused(url: string, forwarded: readonly string[]): Promise<number> {
  const counts = forwarded.map(async (said) => {
    const paths = Array(BATCH).fill('service.ping').join(',')
    const call = request(`${url}/trpc/${paths}?batch=1`, { headers: { 'x-forwarded-for': said } })
    call.end()
    const [response] = await once(call, 'response')
    return (await text(response)).split('ERR_RATE_LIMIT').length - 1
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

const MANY = Array.from({ length: 15 }, (_, at) => `192.0.2.${at}`)

test('behind a proxy that is named each caller has its own limit, whatever it sends before its address', async () => {
  const { url, requests } = await open({ trustedProxies: ['127.0.0.1'] })
  expect(await refused(url, MANY)).toBe(0)
  // The proxy adds where the connection came from; what is before it came with it.
  expect(
    await refused(
      url,
      MANY.map((made) => `${made}, 198.51.100.1`),
    ),
  ).toBeGreaterThan(0)
  expect(await refused(url, ['127.0.0.1', 'unknown', ''])).toBe(0)
  await waitUntil(() => requests.length === 33, { what: 'the log' })
  expect(new Set(requests.map(({ address }) => address))).toEqual(
    new Set([...MANY, '198.51.100.1', '127.0.0.1']),
  )
})

test('nobody else says for whom it calls', async () => {
  for (const http of [{}, { trustedProxies: ['10.0.0.0/8', '::2'] }]) {
    const { url, requests } = await open(http)
    expect(await refused(url, MANY)).toBeGreaterThan(0)
    await waitUntil(() => requests.length === 15, { what: 'the log' })
    expect(new Set(requests.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']))
  }
})

test('over a WebSocket, and of a login, the address is that of who is behind the proxy, too', async () => {
  const { url, requests, logins } = await open({ trustedProxies: ['127.0.0.0/8'] })
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, {
    headers: { 'x-forwarded-for': '2001:db8::1' },
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  const verify = { nonce: 'x', signature: 'x' }
  socket.send(
    JSON.stringify({ id: 1, method: 'mutation', params: { path: 'auth.verify', input: { json: verify } } }),
  )
  await once(socket, 'message')
  expect(logins).toMatchObject([{ what: 'refused', address: '2001:db8:0:0::/64' }])
  expect(requests).toMatchObject([{ procedures: ['auth.verify'], address: '2001:db8:0:0::/64' }])
})

test('of several proxies the last that is not named counts', () => {
  const addressOf = callerBehind(['10.0.0.0/8', 'fd00::1'])
  const behind = (remoteAddress: string, forwarded: string) =>
    addressOf({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as never)
  expect(behind('10.0.0.1', '192.0.2.1, 192.0.2.2, 10.0.0.2')).toBe('192.0.2.2')
  expect(behind('::ffff:10.0.0.1', '192.0.2.2')).toBe('192.0.2.2')
  expect(behind('fd00::1', '10.0.0.7')).toBe('10.0.0.7')
  expect(behind('10.0.0.1', '192.0.2.1, nonsense, 10.0.0.2')).toBe('10.0.0.2')
  expect(behind('192.0.2.9', '192.0.2.1')).toBe('192.0.2.9')
  expect(behind('10.0.0.1', '')).toBe('10.0.0.1')
})

test('what is no address of a proxy is said', async () => {
  for (const proxy of ['nginx', '10.0.0.0/33', '', '10.0.0.0/0']) {
    expect(() => callerBehind([proxy]), proxy).toThrow(expect.objectContaining({ code: 'ERR_PROXY' }))
  }
})

test('a stranger at the same address keeps nobody from refreshing, and no session is refreshed without end', async () => {
  const { url } = await open({})
  const { refreshToken } = await logIn(url, viewer)
  const [, id] = refreshToken.split('_')
  const guessFor = (session: string | undefined) => `pmr_${session}_${'1'.repeat(64)}_${'2'.repeat(64)}`
  const limited = async (tokenOf: (number: number) => string) => {
    const path = Array(BATCH).fill('auth.refresh').join(',')
    const answers = MANY.map(async (_, batch) => {
      const inputs = Array.from({ length: BATCH }, (_, at) => ({
        json: { refreshToken: tokenOf(batch * BATCH + at) },
      }))
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ ...inputs })
      return (await fetch(`${url}/trpc/${path}?batch=1`, { method: 'POST', headers, body })).text()
    })
    return (await Promise.all(answers)).join('').split('ERR_RATE_LIMIT').length - 1
  }
  // One that names no session counts by the address, as everything else.
  expect(await limited((number) => guessFor(String(number).padStart(16, '0')))).toBeGreaterThan(0)
  expect((await post(url, 'auth.refresh', { refreshToken })).status).toBe(200)
  expect(await limited(() => guessFor(id))).toBeGreaterThan(0)
})
