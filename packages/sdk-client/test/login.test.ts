import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { openServer } from '../../sdk-server/test/fixtures/open-server.ts'
import { createClient, pastelIdAuth, serviceKeyAuth, type WalletSigner, walletAuth } from '../src/index.ts'
import { answering } from './fixtures/answering.ts'
import { brokenLink } from './fixtures/broken-link.ts'

const operator = createLocalSigner(generateSeed())
const admin = createLocalSigner(generateSeed())
const wallet = privateKeyToAccount(`0x${'17'.repeat(32)}`)
const HOUR_MS = 60 * 60_000

/** A node where they may log in, its clock, and a `fetch` that says which procedures were asked for. */
async function nodeWithLogins() {
  let aheadMs = 0
  const { server, restart } = await openServer({
    http: {},
    roles: { admins: [admin.pastelId], operators: [operator.pastelId], viewers: [wallet.address] },
    now: () => Date.now() + aheadMs,
  })
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    asked.push(...new URL(String(url)).pathname.replace('/trpc/', '').split(','))
    return globalThis.fetch(url, init)
  }
  const url = server.url ?? ''
  return {
    url,
    fetch,
    /** Starts it anew, as one that is reached at an address of something before it. */
    reachAt: (publicUrl: string) => restart({ port: Number(new URL(url).port), publicUrls: [publicUrl] }),
    /** How often a procedure was asked for. */
    times: (procedure: string) => asked.filter((name) => name === procedure).length,
    /** The clock of the node goes on. */
    pass(ms: number) {
      aheadMs += ms
    },
  }
}

/** A signer, and the texts that it signed. */
function recordingSigner() {
  const texts: string[] = []
  const sign = (text: string) => {
    texts.push(text)
    return operator.sign(text)
  }
  return { texts, pastelId: operator.pastelId, sign }
}

describe('who logs in', () => {
  test('with a PastelID does so at the first call, once for all callers', async () => {
    const { url, fetch, times } = await nodeWithLogins()
    const { api } = createClient({ url, fetch, auth: pastelIdAuth(operator) })
    const calls = Array.from({ length: 10 }, () => api.auth.whoami.query())
    for (const who of await Promise.all(calls)) {
      expect(who).toMatchObject({ kind: 'pastelid', subject: operator.pastelId, role: 'operator' })
    }
    await api.auth.whoami.query()
    expect([times('auth.challenge'), times('auth.verify'), times('auth.refresh')]).toEqual([1, 1, 0])
  })

  test('with a wallet signs a message that wallets show as a login', async () => {
    const { url } = await nodeWithLogins()
    const signed: string[] = []
    const signer: WalletSigner = {
      address: wallet.address.toLowerCase(),
      signMessage({ message }) {
        signed.push(message)
        return wallet.signMessage({ message })
      },
    }
    const client = createClient({ url, auth: walletAuth(signer) })
    expect(await client.login()).toMatchObject({ kind: 'wallet', role: 'viewer' })
    expect(signed).toHaveLength(1)
    await expect(createClient({ url, auth: walletAuth(wallet) }).login()).resolves.toMatchObject({
      subject: wallet.address,
    })
    await expect(client.api.admin.setRelay.mutate({ on: true })).rejects.toMatchObject({
      code: 'ERR_FORBIDDEN',
    })
  })

  test('has a service key instead, is let in with it for what it is for, and no longer than it is good', async () => {
    const { url, fetch, times } = await nodeWithLogins()
    const { keys } = createClient({ url, auth: pastelIdAuth(admin) }).api.admin
    const reads = await keys.create.mutate({ name: 'shop', scopes: ['read'] })
    const sends = await keys.create.mutate({ name: 'till', scopes: ['send'] })
    const till = createClient({ url, fetch, auth: serviceKeyAuth(sends.secret) })
    const shop = createClient({ url, fetch, auth: serviceKeyAuth(reads.secret) })
    expect(await shop.api.auth.whoami.query()).toMatchObject({ kind: 'key', scopes: ['read'] })
    const { publish } = till.api.service.messages
    await publish.mutate({ topic: 'sales', messages: [{ text: 'one' }] })
    const { messages } = await shop.api.service.messages.list.query({ topic: 'sales' })
    expect(messages).toMatchObject([{ text: 'one' }])
    const entries = shop.messages.iterate({ topic: 'sales', from: 'start' })
    expect((await entries.next()).value).toMatchObject({ text: 'one' })
    const forbidden = { code: 'ERR_FORBIDDEN', httpStatus: 403, retryable: false }
    const message = { topic: 'sales', messages: [{ text: 'two' }] }
    await expect(shop.api.service.messages.publish.mutate(message)).rejects.toMatchObject(forbidden)
    await expect(till.api.service.messages.list.query({})).rejects.toMatchObject(forbidden)
    await expect(till.api.admin.status.query()).rejects.toMatchObject(forbidden)
    await expect(till.login()).rejects.toMatchObject({ code: 'ERR_NO_LOGIN' })
    const next = await keys.rotate.mutate({ id: sends.id, overlapMs: 0 })
    await expect(publish.mutate(message)).rejects.toMatchObject({ httpStatus: 401, retryable: false })
    const again = createClient({ url, auth: serviceKeyAuth(next.secret) })
    expect((await again.api.service.messages.publish.mutate(message)).ids).toHaveLength(1)
    await keys.revoke.mutate({ id: reads.id })
    // Who follows with it hears no more either.
    await expect(entries.next().then(() => entries.next())).rejects.toMatchObject({ httpStatus: 401 })
    expect([times('auth.challenge'), times('auth.verify')]).toEqual([0, 0])
  })

  test('and has no role is told so', async () => {
    const { url } = await nodeWithLogins()
    const stranger = createClient({ url, auth: pastelIdAuth(createLocalSigner(generateSeed())) })
    await expect(stranger.login()).rejects.toMatchObject({ code: 'ERR_NO_ACCESS', httpStatus: 403 })
    await expect(stranger.messages.iterate().next()).rejects.toMatchObject({ code: 'ERR_NO_ACCESS' })
  })

  test('and gives a wrong signature is told so', async () => {
    const { url } = await nodeWithLogins()
    const other = createLocalSigner(generateSeed())
    const thief = { pastelId: operator.pastelId, sign: other.sign }
    await expect(createClient({ url, auth: pastelIdAuth(thief) }).login()).rejects.toMatchObject({
      code: 'ERR_LOGIN',
      httpStatus: 401,
    })
  })

  test('without a way to is told so', async () => {
    const { url } = await nodeWithLogins()
    await expect(createClient({ url }).login()).rejects.toMatchObject({ code: 'ERR_NO_LOGIN' })
  })
})

describe('tokens', () => {
  test('that have expired are renewed, once for all callers who learn of it', async () => {
    const { url, fetch, times, pass } = await nodeWithLogins()
    const signer = recordingSigner()
    const { api } = createClient({ url, fetch, auth: pastelIdAuth(signer) })
    await api.auth.whoami.query()
    pass(HOUR_MS)
    const calls = Array.from({ length: 30 }, () => api.auth.whoami.query())
    for (const who of await Promise.all(calls)) expect(who.subject).toBe(operator.pastelId)
    expect([times('auth.refresh'), times('auth.verify')]).toEqual([1, 1])
    expect(signer.texts).toHaveLength(1)
  })

  test('are renewed before they expire, by the clock of the client', async () => {
    const { url, fetch, times } = await nodeWithLogins()
    const { api } = createClient({ url, fetch, auth: pastelIdAuth(operator) })
    await api.auth.whoami.query()
    const now = Date.now
    try {
      Date.now = () => now() + HOUR_MS
      await Promise.all([api.auth.whoami.query(), api.auth.whoami.query()])
    } finally {
      Date.now = now
    }
    expect([times('auth.refresh'), times('auth.whoami')]).toEqual([1, 3])
  })

  test('that cannot be renewed any more are replaced by a new login', async () => {
    const { url, fetch, times, pass } = await nodeWithLogins()
    const signer = recordingSigner()
    const { api } = createClient({ url, fetch, auth: pastelIdAuth(signer) })
    await api.auth.whoami.query()
    pass(365 * 24 * HOUR_MS)
    await Promise.all([api.auth.whoami.query(), api.auth.whoami.query()])
    expect([times('auth.refresh'), times('auth.verify')]).toEqual([1, 2])
  })

  test('are renewed for a subscription, too', async () => {
    const { url, fetch, times, pass, reachAt } = await nodeWithLogins()
    const link = await brokenLink(url)
    await reachAt(link.url)
    const client = createClient({ url: link.url, fetch, auth: pastelIdAuth(operator) })
    const { publish } = client.api.service.messages
    await publish.mutate({ topic: 'flow', messages: [{ text: 'a' }] })
    const texts: unknown[] = []
    for await (const entry of client.messages.iterate({ from: 'start' })) {
      texts.push('text' in entry ? entry.text : entry)
      if (texts.length === 2) break
      pass(HOUR_MS)
      link.cut()
      await publish.mutate({ topic: 'flow', messages: [{ text: 'b' }] })
    }
    expect(texts).toEqual(['a', 'b'])
    expect(times('auth.verify')).toBe(1)
  })

  test('are renewed once for a subscription whose answer has begun when they are refused', async () => {
    const { url, fetch, times } = await nodeWithLogins()
    const abort = new AbortController()
    let opened = 0
    const refused: typeof globalThis.fetch = (to, init) => {
      if (!String(to).includes('subscribe')) return fetch(to, init)
      opened += 1
      if (opened === 10) abort.abort()
      const headers = { ...(init?.headers as Record<string, string>), authorization: 'Bearer worthless' }
      return fetch(to, { ...init, headers })
    }
    const { messages } = createClient({ url, fetch: refused, auth: pastelIdAuth(operator) })
    const entries = messages.iterate({ from: 'start', signal: abort.signal })
    await expect(entries.next()).rejects.toMatchObject({ httpStatus: 401, retryable: false })
    expect([opened, times('auth.refresh')]).toEqual([2, 1])
  })

  test('end with a logout, at the node as well', async () => {
    const { url } = await nodeWithLogins()
    let shown = ''
    const fetch: typeof globalThis.fetch = (input, init) => {
      shown = new Headers(init?.headers).get('authorization') ?? shown
      return globalThis.fetch(input, init)
    }
    const client = createClient({ url, fetch, auth: pastelIdAuth(operator) })
    await client.login()
    await client.api.auth.whoami.query()
    const old = shown
    await client.logout()
    await client.logout()
    await expect(client.api.auth.whoami.query()).rejects.toMatchObject({ code: 'ERR_LOGGED_OUT' })
    const answer = await globalThis.fetch(`${url}/trpc/auth.whoami`, { headers: { authorization: old } })
    expect(answer.status).toBe(401)
    await client.login()
    expect(await client.api.auth.whoami.query()).toMatchObject({ subject: operator.pastelId })
  })

  test('end with a logout, though the access token has expired', async () => {
    const { url, fetch, times, pass } = await nodeWithLogins()
    const client = createClient({ url, fetch, auth: pastelIdAuth(operator) })
    await client.login()
    pass(HOUR_MS)
    await client.logout()
    expect([times('auth.refresh'), times('auth.logout')]).toEqual([1, 2])
  })
})

describe('nothing is signed that is no login of this subject at this node:', () => {
  const NODE = operator.pastelId
  const wrong: [name: string, change: (text: string) => string][] = [
    ['another domain', (text) => text.replace(/^127\.0\.0\.1:\d+ wants/m, 'node.example wants')],
    ['another address', (text) => text.replace(/^(uri|URI): .*/m, '$1: https://node.example')],
    ['another address as well', (text) => `${text}\nuri: https://node.example\nURI: https://node.example`],
    ['another subject', (text) => text.replace(/jX\w+ to log|0x\w+/, 'jXother to log')],
    ['another nonce', (text) => text.replace(/(nonce: )\w+/i, '$1ffff')],
    ['no login', () => 'pastel-mesh/batch/1:0000'],
    ['something before it', (text) => `I agree\n${text}`],
    ['nothing', () => ''],
  ]
  const texts = {
    pastelid: (host: string) =>
      [
        'pastel-mesh/login/1',
        `${host} wants ${operator.pastelId} to log in to node ${NODE}`,
        `uri: http://${host}`,
        'nonce: 00ff',
        'issued-at: 2026-01-01T00:00:00.000Z',
        'expires-at: 2026-01-01T00:05:00.000Z',
      ].join('\n'),
    wallet: (host: string) =>
      [
        `${host} wants you to sign in with your Ethereum account:`,
        wallet.address,
        '',
        'Log in.',
        '',
        `URI: http://${host}`,
        'Version: 1',
        'Chain ID: 1',
        'Nonce: 00ff',
      ].join('\n'),
  }

  /** @returns what was signed, and why not */
  async function askedToSign(kind: 'pastelid' | 'wallet', change: (text: string) => string) {
    const signed: string[] = []
    const url = await answering((request, response) => {
      const json = { text: change(texts[kind](request.headers.host ?? '')), nonce: '00ff' }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify([{ result: { data: { json } } }]))
    })
    const sign = async (text: string) => {
      signed.push(text)
      return new Uint8Array(114)
    }
    const auth =
      kind === 'pastelid'
        ? pastelIdAuth({ pastelId: operator.pastelId, sign })
        : walletAuth({
            address: wallet.address,
            signMessage: async ({ message }) => `${await sign(message)}`,
          })
    const code = await createClient({ url, auth })
      .login()
      .then(
        () => 'none',
        (error) => error.code as string,
      )
    return { signed, code }
  }

  test.each(['pastelid', 'wallet'] as const)('%s', async (kind) => {
    expect((await askedToSign(kind, (text) => text)).signed).toHaveLength(1)
    for (const [name, change] of wrong) {
      expect({ name, ...(await askedToSign(kind, change)) }).toEqual({
        name,
        signed: [],
        code: 'ERR_CHALLENGE',
      })
    }
  })
})
