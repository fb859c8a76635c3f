import { createHmac } from 'node:crypto'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import { generateKeyPair, SignJWT } from 'jose'
import superjson from 'superjson'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Roles } from '../src/auth/roles.ts'
import { Sessions } from '../src/auth/sessions.ts'
import type { AppRouter, Login } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { codeOf, get, logIn, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const admin = createLocalSigner(generateSeed())
const roles = { admins: [admin.pastelId] }

async function open(now?: () => number) {
  const opened = await openServer({ http: {}, roles, ...(now === undefined ? {} : { now }) })
  return { ...opened, url: opened.server.url ?? '' }
}

/** Whether a token is taken: the status, and the code of what is wrong. */
async function triedWith(url: string, token: string) {
  const answer = await get(url, 'auth.whoami', token)
  return [answer.status, codeOf(answer)]
}

const TAKEN = [200, undefined]
const REFUSED = [401, 'ERR_TOKEN']

function partsOf(token: string) {
  const [head = '', body = '', signature = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(head), claims: read(body), head, body, signature }
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

test('an access token is for a quarter of an hour, and says for whom', async () => {
  let nowMs = Date.now()
  const { url, node } = await open(() => nowMs)
  const { accessToken, accessExpiresAt } = await logIn(url, admin)
  const { header, claims } = partsOf(accessToken)
  expect(header).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) })
  expect(claims).toMatchObject({
    iss: 'pastel-mesh',
    aud: `pastel-mesh/testnet/${node.pastelId}`,
    sub: admin.pastelId,
    role: 'admin',
    sid: expect.any(String),
    jti: expect.any(String),
  })
  expect(claims.exp - claims.iat).toBe(15 * 60)
  expect(new Date(accessExpiresAt).getTime()).toBe(claims.exp * 1000)
  expect(await triedWith(url, accessToken)).toEqual(TAKEN)
  nowMs = claims.exp * 1000
  expect(await triedWith(url, accessToken)).toEqual(REFUSED)
})

test('a token that somebody else made, or changed, is refused', async () => {
  const { url } = await open()
  const { accessToken } = await logIn(url, admin)
  const { header, claims, head, body, signature } = partsOf(accessToken)
  const { privateKey } = await generateKeyPair('EdDSA')
  const signedAs = (key: typeof privateKey | Uint8Array, changes: object, alg = 'EdDSA') =>
    new SignJWT({ ...claims, ...changes }).setProtectedHeader({ ...header, alg }).sign(key)
  const hmac = createHmac('sha256', 'x').update(`${encoded({ ...header, alg: 'HS256' })}.${body}`)
  const tokens = {
    'of another key': await signedAs(privateKey, {}),
    'of another key id': await new SignJWT(claims)
      .setProtectedHeader({ ...header, kid: 'nothing' })
      .sign(privateKey),
    'alg none': `${encoded({ ...header, alg: 'none' })}.${body}.`,
    'alg none, with a signature': `${encoded({ ...header, alg: 'none' })}.${body}.${signature}`,
    'alg HS256': `${encoded({ ...header, alg: 'HS256' })}.${body}.${hmac.digest('base64url')}`,
    'another subject': `${head}.${encoded({ ...claims, sub: 'somebody' })}.${signature}`,
    'no signature': `${head}.${body}.`,
    'nothing of a token': 'x',
    'too long': `${accessToken}${'x'.repeat(4_000)}`,
  }
  for (const [what, token] of Object.entries(tokens)) {
    expect({ what, tried: await triedWith(url, token) }).toEqual({ what, tried: REFUSED })
  }
  expect(await triedWith(url, accessToken)).toEqual(TAKEN)
})

test('a token of another node is refused, also if that has the same keys', async () => {
  const one = await open()
  const other = await open()
  const { accessToken } = await logIn(one.url, admin)
  for await (const [name, value] of one.store.values.read('auth/')) {
    await other.store.values.write([{ name, value }])
  }
  const { url = '' } = await other.restart()
  expect(await triedWith(one.url, accessToken)).toEqual(TAKEN)
  expect(await triedWith(url, accessToken)).toEqual(REFUSED)
})

test('after logout no token of the session is good, at once; other sessions go on', async () => {
  const { url } = await open()
  const [here, there] = [await logIn(url, admin), await logIn(url, admin)]
  expect((await post(url, 'auth.logout', {}, here.accessToken)).data).toEqual({})
  expect(await triedWith(url, here.accessToken)).toEqual(REFUSED)
  const refreshed = await post(url, 'auth.refresh', { refreshToken: here.refreshToken })
  expect([refreshed.status, codeOf(refreshed)]).toEqual(REFUSED)
  expect(await triedWith(url, there.accessToken)).toEqual(TAKEN)
})

test('a refresh token is good once; one that comes again ends the session', async () => {
  const { url } = await open()
  const first = await logIn(url, admin)
  const second = (await post(url, 'auth.refresh', { refreshToken: first.refreshToken })).data as Login
  expect(second.session).toEqual(first.session)
  expect(second.refreshToken).not.toBe(first.refreshToken)
  expect(await triedWith(url, second.accessToken)).toEqual(TAKEN)

  const again = await post(url, 'auth.refresh', { refreshToken: first.refreshToken })
  expect([again.status, codeOf(again)]).toEqual(REFUSED)
  expect(await triedWith(url, second.accessToken)).toEqual(REFUSED)
  expect(codeOf(await post(url, 'auth.refresh', { refreshToken: second.refreshToken }))).toBe('ERR_TOKEN')
})

test('a refresh token that was made up ends nothing', async () => {
  const { url } = await open()
  const { accessToken, refreshToken } = await logIn(url, admin)
  const { sid } = partsOf(accessToken).claims
  const madeUp = `pmr_${sid}_${'0'.repeat(64)}_${'0'.repeat(64)}`
  expect(codeOf(await post(url, 'auth.refresh', { refreshToken: madeUp }))).toBe('ERR_TOKEN')
  expect((await post(url, 'auth.refresh', { refreshToken })).status).toBe(200)
})

test('of two that refresh at once one gets a session that has ended', async () => {
  const { url } = await open()
  const { refreshToken } = await logIn(url, admin)
  const answers = await Promise.all([1, 2].map(() => post(url, 'auth.refresh', { refreshToken })))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
  const [given] = answers.filter(({ status }) => status === 200).map(({ data }) => data as Login)
  expect(await triedWith(url, given?.accessToken ?? '')).toEqual(REFUSED)
})

test('a session nobody refreshed for thirty days is over', async () => {
  let nowMs = Date.now()
  const { url } = await open(() => nowMs)
  const { refreshToken } = await logIn(url, admin)
  nowMs += 30 * 24 * 60 * 60_000
  expect(codeOf(await post(url, 'auth.refresh', { refreshToken }))).toBe('ERR_TOKEN')
})

test('sessions go on after a restart, and what has ended stays so', async () => {
  const { url, restart, store } = await open()
  const kept = await logIn(url, admin)
  const ended = await logIn(url, admin)
  await post(url, 'auth.logout', {}, ended.accessToken)
  const { url: next = '' } = await restart()
  expect(await triedWith(next, kept.accessToken)).toEqual(TAKEN)
  expect(await triedWith(next, ended.accessToken)).toEqual(REFUSED)
  expect((await post(next, 'auth.refresh', { refreshToken: kept.refreshToken })).status).toBe(200)
  const again = await post(next, 'auth.refresh', { refreshToken: kept.refreshToken })
  expect([again.status, codeOf(again)]).toEqual(REFUSED)

  for await (const [name, value] of store.values.read('auth/session/')) {
    for (const token of [kept.refreshToken, ended.refreshToken]) {
      for (const secret of token.split('_').slice(2)) expect(`${name} ${value}`).not.toContain(secret)
    }
  }
})

test('a key that signs is replaced after a month, and what it signed is good as long as it would be', async () => {
  let nowMs = Date.now()
  const { url } = await open(() => nowMs)
  const before = partsOf((await logIn(url, admin)).accessToken).header.kid
  nowMs += 30 * 24 * 60 * 60_000 - 60_000
  const old = await logIn(url, admin)
  expect(partsOf(old.accessToken).header.kid).toBe(before)
  nowMs += 2 * 60_000
  const young = await logIn(url, admin)
  expect(partsOf(young.accessToken).header.kid).not.toBe(before)
  expect(await triedWith(url, old.accessToken)).toEqual(TAKEN)
  expect(await triedWith(url, young.accessToken)).toEqual(TAKEN)
})

test('a role that the configuration takes away is gone, and so is one that it lowers', async () => {
  const { url, restart } = await open()
  const { accessToken, refreshToken } = await logIn(url, admin)
  const { url: lowered = '' } = await restart({ roles: { viewers: [admin.pastelId] } })
  const call = await post(lowered, 'admin.setRelay', { on: true }, accessToken)
  expect([call.status, codeOf(call)]).toEqual([403, 'ERR_FORBIDDEN'])
  const refreshed = (await post(lowered, 'auth.refresh', { refreshToken })).data as Login
  expect(refreshed.session.role).toBe('viewer')

  const { url: gone = '' } = await restart({ roles: {} })
  expect(await triedWith(gone, refreshed.accessToken)).toEqual(REFUSED)
  const { url: back = '' } = await restart({ roles })
  expect(codeOf(await post(back, 'auth.refresh', { refreshToken: refreshed.refreshToken }))).toBe('ERR_TOKEN')
})

test('of one subject so many sessions go on, the ones that were refreshed last', async () => {
  const { url, path } = await open()
  const logins = []
  for (let count = 0; count < 33; count += 1) logins.push(await logIn(url, admin))
  expect(await apiOf(path).admin.sessions.list.query()).toHaveLength(32)
  expect(await triedWith(url, logins[0]?.accessToken ?? '')).toEqual(REFUSED)
  expect(await triedWith(url, logins[1]?.accessToken ?? '')).toEqual(TAKEN)
})

test('an admin lists sessions and ends one, and who follows with it hears no more', async () => {
  const { url, path } = await open()
  const { accessToken } = await logIn(url, admin)
  const { sessions } = apiOf(path).admin
  const [listed] = await sessions.list.query()
  expect(listed).toMatchObject({ kind: 'pastelid', subject: admin.pastelId, role: 'admin' })
  const input = encodeURIComponent(JSON.stringify({ json: { from: 'start' } }))
  const stream = await fetch(`${url}/trpc/service.messages.subscribe?input=${input}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${accessToken}` },
  })
  expect(stream.status).toBe(200)
  await sessions.revoke.mutate({ id: listed?.id ?? '' })
  expect(await stream.text()).toContain('ERR_TOKEN')
  expect(await triedWith(url, accessToken)).toEqual(REFUSED)
  await expect(sessions.revoke.mutate({ id: listed?.id ?? '' })).rejects.toMatchObject({
    data: { meshCode: 'ERR_SESSION_UNKNOWN', httpStatus: 404 },
  })
})

test('a session whose end cannot be written is over at once, and a later write brings it to disk', async () => {
  const { url, store, restart } = await open()
  const { accessToken } = await logIn(url, admin)
  const write = vi.spyOn(store.values, 'write').mockRejectedValue(new Error('the disk is gone'))
  expect((await post(url, 'auth.logout', {}, accessToken)).status).toBe(500)
  expect(await triedWith(url, accessToken)).toEqual(REFUSED)
  write.mockRestore()
  const other = await logIn(url, admin)
  const { url: next = '' } = await restart()
  expect(await triedWith(next, accessToken)).toEqual(REFUSED)
  expect(await triedWith(next, other.accessToken)).toEqual(TAKEN)
})

test('what goes on with a session ends when nobody refreshed it for thirty days', async () => {
  const { store } = await open()
  const roles = new Roles({ admins: [admin.pastelId] })
  const before = new Sessions({ store, roles, now: Date.now })
  const { session } = await before.create({ kind: 'pastelid', id: admin.pastelId })
  let nowMs = session.expiresAtMs - 1
  const after = new Sessions({ store, roles, now: () => nowMs })
  await after.start()
  const ended = after.find(session.id)?.ended
  expect(ended?.aborted).toBe(false)
  nowMs += 1
  await vi.waitUntil(() => ended?.aborted, { timeout: 5_000 })
  expect(ended?.reason).toMatchObject({
    code: 'ERR_TOKEN',
    message: expect.stringContaining('nobody refreshed'),
  })
})

function overWebSocket(url: string, token: string) {
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  onTestFinished(() => client.close())
  return createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
}

test('a WebSocket shows its token when it connects; a bad one is refused, and one that ends is from then on', async () => {
  let nowMs = Date.now()
  const { url } = await open(() => nowMs)
  const bad = overWebSocket(url, 'x')
  await expect(bad.auth.whoami.query()).rejects.toMatchObject({ data: { meshCode: 'ERR_TOKEN' } })
  expect((await bad.service.ping.query()).time).toBeInstanceOf(Date)

  const login = await logIn(url, admin)
  const api = overWebSocket(url, login.accessToken)
  expect(await api.auth.whoami.query()).toMatchObject({ subject: admin.pastelId, role: 'admin' })
  nowMs += 15 * 60_000
  await expect(api.auth.whoami.query()).rejects.toMatchObject({ data: { meshCode: 'ERR_TOKEN' } })

  const other = overWebSocket(url, (await logIn(url, admin)).accessToken)
  expect(await other.auth.logout.mutate({})).toEqual({})
  await expect(other.auth.whoami.query()).rejects.toMatchObject({ data: { meshCode: 'ERR_TOKEN' } })
})

test('a token in an address is not taken', async () => {
  const { url } = await open()
  const { accessToken } = await logIn(url, admin)
  const params = encodeURIComponent(JSON.stringify({ authorization: `Bearer ${accessToken}` }))
  const answer = await fetch(`${url}/trpc/auth.whoami?connectionParams=${params}`)
  expect(answer.status).toBe(400)
  expect(JSON.stringify(await answer.json())).toContain('ERR_TOKEN_IN_URL')
})
