import { createLocalSigner, generateSeed, MeshError } from '@pastel-mesh/identity'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test, vi } from 'vitest'
import { createAuth } from '../src/auth/auth.ts'
import { Challenges } from '../src/auth/challenges.ts'
import { callerAddress } from '../src/transport/caller-address.ts'
import { challenge, codeOf, get, logIn, post, statusAs } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const operator = createLocalSigner(generateSeed())
const stranger = createLocalSigner(generateSeed())
const wallet = privateKeyToAccount(`0x${'17'.repeat(32)}`)

async function open(now?: () => number) {
  const { server, node, signer } = await openServer({
    http: {},
    roles: { operators: [operator.pastelId], viewers: [wallet.address] },
    ...(now === undefined ? {} : { now }),
  })
  return { url: server.url ?? '', node, signer }
}

async function signed(text: string, signer = operator): Promise<string> {
  return Buffer.from(await signer.sign(text)).toString('base64url')
}

test('a PastelID logs in by signing what the server asks for, and may what its role may', async () => {
  const { url, node } = await open()
  const before = Date.now()
  const { text, nonce, expiresAt } = await challenge(url, 'pastelid', operator.pastelId)
  expect(text.split('\n')).toEqual([
    'pastel-mesh/login/1',
    `${new URL(url).host} wants ${operator.pastelId} to log in to node ${node.pastelId}`,
    `uri: ${url}`,
    `nonce: ${nonce}`,
    expect.stringMatching(/^issued-at: 20\S+Z$/),
    `expires-at: ${expiresAt}`,
  ])
  expect(nonce).toMatch(/^[0-9a-f]{32}$/)
  expect(Date.parse(expiresAt) - before).toBeLessThanOrEqual(5 * 60_000 + (Date.now() - before))

  const { status, data } = await post(url, 'auth.verify', { nonce, signature: await signed(text) })
  expect({ status, data }).toEqual({
    status: 200,
    data: {
      accessToken: expect.any(String),
      accessExpiresAt: expect.any(String),
      refreshToken: expect.any(String),
      refreshExpiresAt: expect.any(String),
      session: { kind: 'pastelid', subject: operator.pastelId, role: 'operator' },
    },
  })
  const { accessToken } = data as { accessToken: string }
  expect((await get(url, 'auth.whoami', accessToken)).data).toMatchObject({
    kind: 'pastelid',
    subject: operator.pastelId,
    role: 'operator',
  })
  expect((await post(url, 'admin.setRelay', { on: true }, accessToken)).data).toEqual({ relay: true })
  const refused = await post(url, 'admin.members.add', { pastelId: stranger.pastelId }, accessToken)
  expect([refused.status, codeOf(refused)]).toEqual([403, 'ERR_FORBIDDEN'])
})

test('a wallet logs in with a message of EIP-4361', async () => {
  const { url, node } = await open()
  const { text, nonce } = await challenge(url, 'wallet', wallet.address.toLowerCase())
  expect(text).toContain(
    `${new URL(url).host} wants you to sign in with your Ethereum account:\n${wallet.address}\n`,
  )
  for (const line of [`URI: ${url}`, 'Version: 1', 'Chain ID: 1', `Nonce: ${nonce}`]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(text).toMatch(new RegExp(`\nIssued At: .*\nExpiration Time: .*\nRequest ID: ${node.pastelId}$`))
  const signature = await wallet.signMessage({ message: text })
  const { data } = await post(url, 'auth.verify', { nonce, signature })
  expect(data).toMatchObject({ session: { kind: 'wallet', subject: wallet.address, role: 'viewer' } })
  const { accessToken } = data as { accessToken: string }
  expect((await get(url, 'auth.whoami', accessToken)).data).toMatchObject({
    kind: 'wallet',
    subject: wallet.address,
    role: 'viewer',
  })
  expect((await get(url, 'admin.status', accessToken)).status).toBe(200)
})

test('a challenge that was used is refused, also if it was used with a wrong signature', async () => {
  const { url } = await open()
  const { text, nonce } = await challenge(url, 'pastelid', operator.pastelId)
  const signature = await signed(text)
  expect((await post(url, 'auth.verify', { nonce, signature })).status).toBe(200)
  const replayed = await post(url, 'auth.verify', { nonce, signature })
  expect([replayed.status, codeOf(replayed)]).toEqual([401, 'ERR_LOGIN'])

  const second = await challenge(url, 'pastelid', operator.pastelId)
  const wrong = await signed(second.text, stranger)
  expect(codeOf(await post(url, 'auth.verify', { nonce: second.nonce, signature: wrong }))).toBe('ERR_LOGIN')
  const late = await signed(second.text)
  expect(codeOf(await post(url, 'auth.verify', { nonce: second.nonce, signature: late }))).toBe('ERR_LOGIN')
})

test('a wrong signature is refused: of another key, of another text, of another kind', async () => {
  const { url } = await open()
  const other = privateKeyToAccount(`0x${'18'.repeat(32)}`)
  const signatures: [string, string, (text: string) => Promise<string>][] = [
    ['pastelid', operator.pastelId, (text) => signed(text, stranger)],
    ['pastelid', operator.pastelId, (text) => signed(`${text}\n`)],
    ['pastelid', operator.pastelId, async () => ''],
    ['pastelid', operator.pastelId, (text) => wallet.signMessage({ message: text })],
    ['wallet', wallet.address, (message) => other.signMessage({ message })],
    ['wallet', wallet.address, (message) => wallet.signMessage({ message: `${message} ` })],
    ['wallet', wallet.address, async () => `0x${'ff'.repeat(65)}`],
    ['wallet', wallet.address, async () => '0x'],
  ]
  for (const [kind, subject, sign] of signatures) {
    const { text, nonce } = await challenge(url, kind, subject)
    const answer = await post(url, 'auth.verify', { nonce, signature: await sign(text) })
    expect([answer.status, codeOf(answer)]).toEqual([401, 'ERR_LOGIN'])
  }
})

test('a challenge that is older than five minutes is refused', async () => {
  let nowMs = Date.now()
  const { url } = await open(() => nowMs)
  const { text, nonce } = await challenge(url, 'pastelid', operator.pastelId)
  const signature = await signed(text)
  nowMs += 5 * 60_000
  const answer = await post(url, 'auth.verify', { nonce, signature })
  expect([answer.status, codeOf(answer)]).toEqual([401, 'ERR_LOGIN'])
})

test('who is not listed may not log in, whoever comes first, the PastelID of the node included', async () => {
  const opened = await open()
  const { url } = opened
  for (const signer of [stranger, opened.signer]) {
    const { text, nonce } = await challenge(url, 'pastelid', signer.pastelId)
    const answer = await post(url, 'auth.verify', { nonce, signature: await signed(text, signer) })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'ERR_NO_ACCESS'])
  }
})

test.each([
  ['of another server', 'https://evil.example', 'ERR_HOST'],
  ['that hides where it leads', 'http://localhost@evil.example', 'ERR_HOST'],
  ['with a name before it', 'http://evil@localhost', 'ERR_HOST'],
  ['of two lines', 'http://localhost\nnonce: 1', 'ERR_HOST'],
  ['that is none', 'localhost', 'ERR_HOST'],
])('a challenge for an address %s is refused', async (_, uri, code) => {
  const { url } = await open()
  for (const [kind, subject] of [
    ['pastelid', operator.pastelId],
    ['wallet', wallet.address],
  ]) {
    const answer = await post(url, 'auth.challenge', { kind, subject, uri })
    expect([answer.status, codeOf(answer)]).toEqual([400, code])
  }
})

async function challengedAt(url: string, uri: string): Promise<(number | string | undefined)[]> {
  const answers = await Promise.all(
    [
      { kind: 'pastelid', subject: operator.pastelId, uri },
      { kind: 'wallet', subject: wallet.address, uri },
    ].map((input) => post(url, 'auth.challenge', input)),
  )
  const { text } = (answers[1]?.data ?? {}) as { text?: string }
  if (text !== undefined) expect(text).toContain(`${new URL(uri).host} wants`)
  return [...new Set(answers.flatMap((answer) => [answer.status, codeOf(answer)]))]
}

test('a challenge is for the port that the server listens on, under its names, and for no other program there', async () => {
  const { server } = await openServer({ http: { allowedHosts: ['node.example'] } })
  const { url = '' } = server
  const { port } = new URL(url)
  for (const uri of [url, `http://localhost:${port}/`, `http://Node.Example:${port}`]) {
    expect(await challengedAt(url, uri), uri).toEqual([200, undefined])
  }
  const other = Number(port) === 65_535 ? 65_534 : Number(port) + 1
  for (const uri of [
    `http://127.0.0.1:${other}`,
    'http://localhost',
    `https://localhost:${port}`,
    'https://node.example',
  ]) {
    expect(await challengedAt(url, uri), uri).toEqual([400, 'ERR_HOST'])
  }
})

test("with public URLs a challenge is for these alone, and their names are the server's", async () => {
  const publicUrls = ['https://node.example', 'http://other.example:8080']
  const { server } = await openServer({ http: { publicUrls } })
  const { url = '' } = server
  for (const uri of ['https://node.example', 'https://node.example:443/', 'http://other.example:8080']) {
    expect(await challengedAt(url, uri), uri).toEqual([200, undefined])
  }
  for (const uri of [
    url,
    'http://node.example',
    'https://node.example:8443',
    'http://other.example',
    'https://other.example:8080',
  ]) {
    expect(await challengedAt(url, uri), uri).toEqual([400, 'ERR_HOST'])
  }
  expect(await statusAs(url, 'node.example')).toBe(200)
  expect(await statusAs(url, 'other.example:8080')).toBe(200)
  expect(await statusAs(url, 'evil.example')).toBe(421)
})

test('a public URL that is none is said when the server is made', async () => {
  await expect(openServer({ http: { publicUrls: ['node.example'] } })).rejects.toMatchObject({
    code: 'ERR_PUBLIC_URL',
  })
})

test('a challenge is for a PastelID or a wallet, as it says', async () => {
  const { url } = await open()
  for (const [kind, subject] of [
    ['pastelid', wallet.address],
    ['wallet', operator.pastelId],
    ['pastelid', 'jXnobody'],
    ['wallet', '0x17'],
  ]) {
    const answer = await post(url, 'auth.challenge', { kind, subject, uri: url })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'ERR_SUBJECT'])
  }
})

test('of one address only so many challenges wait: with more the oldest of them is gone, not those of others', () => {
  const challenges = new Challenges(Date.now)
  const issue = (address: string) =>
    challenges.issue({ kind: 'pastelid', id: operator.pastelId }, address, ({ nonce }) => nonce).nonce
  const other = issue('192.0.2.2')
  const own = Array.from({ length: 33 }, () => issue('192.0.2.1'))
  expect(own.map((nonce) => challenges.take(nonce) !== undefined)).toEqual([false, ...Array(32).fill(true)])
  expect(challenges.take(other)).toBeDefined()
})

test('a site of IPv6 has only so many challenges, however many networks it asks from', () => {
  const challenges = new Challenges(Date.now)
  const issue = (address: string) =>
    challenges.issue(
      { kind: 'pastelid', id: operator.pastelId },
      callerAddress(address),
      ({ nonce }) => nonce,
    ).nonce
  const other = issue('2001:db8:2::1')
  const own = Array.from({ length: 257 }, (_, count) => issue(`2001:db8:1:${count.toString(16)}::1`))
  expect(challenges.take(own[0] ?? '')).toBeUndefined()
  expect(challenges.take(own[1] ?? '')).toBeDefined()
  expect(challenges.take(other)).toBeDefined()
})

/** Logins as the server has them, from whatever addresses. */
async function openLogins() {
  const { node, store } = await openServer()
  const request = { kind: 'pastelid', subject: operator.pastelId, uri: 'http://localhost:7123' } as const
  const auth = createAuth(
    { roles: { operators: [operator.pastelId] }, origins: () => [request.uri] },
    { node, store, now: Date.now },
  )
  await auth.start()
  const tried = async (address: string, sign: (text: string) => Promise<string>) => {
    const { text, nonce } = await auth.logins.challenge(request, address)
    return auth.logins.verify(nonce, await sign(text), address)
  }
  return { auth, store, tried }
}

test('whoever fails on purpose for the subject of another, from wherever, does not keep it out', async () => {
  const { tried } = await openLogins()
  for (let count = 0; count < 40; count += 1) {
    const wrong = tried(`192.0.2.${count}`, async () => 'A'.repeat(152))
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_LOGIN' })
  }
  expect((await tried('198.51.100.1', signed)).session.subject).toBe(operator.pastelId)
})

test('failed logins of an address keep nobody there from refreshing, and made-up refresh tokens nobody from logging in', async () => {
  const { auth, tried } = await openLogins()
  const { refreshToken } = await tried('192.0.2.1', signed)
  for (let count = 0; count < 25; count += 1) {
    const madeUp = `pmr_${'0'.repeat(16)}_${'0'.repeat(64)}_${'0'.repeat(64)}`
    await expect(auth.logins.refresh(madeUp, '192.0.2.1')).rejects.toMatchObject({ code: 'ERR_TOKEN' })
  }
  await tried('192.0.2.1', signed)
  for (let count = 0; count < 20; count += 1) {
    await expect(tried('192.0.2.1', async () => '')).rejects.toMatchObject({ code: 'ERR_LOGIN' })
  }
  await expect(tried('192.0.2.1', signed)).rejects.toMatchObject({ code: 'ERR_RATE_LIMIT' })
  expect((await auth.logins.refresh(refreshToken, '192.0.2.1')).refreshToken).toMatch(/^pmr_/)
})

test('a login that this node could not keep is no failed attempt', async () => {
  const { store, tried } = await openLogins()
  const write = vi.spyOn(store.values, 'write').mockRejectedValue(new MeshError('ERR_STORE_UNAVAILABLE', 'x'))
  for (let count = 0; count < 25; count += 1) {
    await expect(tried('192.0.2.1', signed)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  }
  write.mockRestore()
  expect((await tried('192.0.2.1', signed)).session.role).toBe('operator')
})

test('whoever tries wrong signatures is refused, and told when to come again', async () => {
  const { url } = await open()
  const answers = []
  for (let count = 0; count < 25; count += 1) {
    const { nonce } = await challenge(url, 'pastelid', operator.pastelId)
    answers.push(await post(url, 'auth.verify', { nonce, signature: 'A'.repeat(152) }))
  }
  expect(answers.slice(0, 20).map(codeOf)).toEqual(Array(20).fill('ERR_LOGIN'))
  const last = answers.at(-1)
  expect([last?.status, last?.error?.data.meshCode]).toEqual([429, 'ERR_RATE_LIMIT'])
  expect(last?.error?.data.retryAfterMs).toBeGreaterThan(0)
})

test('logins, failed ones and refresh tokens that come twice are told, and no secret of them', async () => {
  const { server, logins } = await openServer({ http: {}, roles: { operators: [operator.pastelId] } })
  const { url = '' } = server
  const login = await logIn(url, operator)
  const { nonce } = await challenge(url, 'pastelid', operator.pastelId)
  const signature = 'A'.repeat(152)
  await post(url, 'auth.verify', { nonce, signature })
  await post(url, 'auth.verify', { nonce: 'none', signature })
  const { refreshToken } = login
  for (let count = 0; count < 2; count += 1) await post(url, 'auth.refresh', { refreshToken })
  const about = { address: '127.0.0.1', subject: operator.pastelId }
  expect(logins).toEqual([
    { what: 'loggedIn', ...about },
    { what: 'refused', code: 'ERR_LOGIN', ...about },
    { what: 'refused', code: 'ERR_LOGIN', address: '127.0.0.1' },
    { what: 'reused', code: 'ERR_TOKEN', ...about },
  ])
})

test('a server does not start with somebody in its lists who cannot log in, or is mistyped', async () => {
  const mistyped = wallet.address.replace(/[a-f]/, (letter) => letter.toUpperCase())
  for (const admins of [['jXnobody'], [mistyped]]) {
    await expect(openServer({ roles: { admins } })).rejects.toMatchObject({ code: 'ERR_SUBJECT' })
  }
})
