import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { challenge, codeOf, get, logIn, post } from './fixtures/http-call.ts'
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

test('one address has only so many challenges at a time', async () => {
  let nowMs = Date.now()
  const { url } = await open(() => nowMs)
  for (let count = 0; count < 32; count += 1) await challenge(url, 'pastelid', stranger.pastelId)
  const input = { kind: 'pastelid', subject: operator.pastelId, uri: url }
  const answer = await post(url, 'auth.challenge', input)
  expect([answer.status, codeOf(answer)]).toEqual([429, 'ERR_RATE_LIMIT'])
  expect(answer.error?.data.retryAfterMs).toBe(5 * 60_000)
  nowMs += 5 * 60_000
  expect((await logIn(url, operator)).session.role).toBe('operator')
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

test('a server does not start with somebody in its lists who cannot log in, or is mistyped', async () => {
  const mistyped = wallet.address.replace(/[a-f]/, (letter) => letter.toUpperCase())
  for (const admins of [['jXnobody'], [mistyped]]) {
    await expect(openServer({ roles: { admins } })).rejects.toMatchObject({ code: 'ERR_SUBJECT' })
  }
})
