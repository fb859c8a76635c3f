import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, type SecureVersion, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { certificateCheck } from '../src/doctor/certificate-check.ts'
import { type Authority, type Issued, makeAuthority, missingForCertificates } from './fixtures/authority.ts'
import { diagnosed, found } from './fixtures/doctor.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

let folder = ''
let known: Authority
let below: Authority
let unknown: Authority
const before = getCACertificates('default')

if (missingForCertificates !== undefined) console.warn(missingForCertificates)
const it = test.skipIf(missingForCertificates !== undefined)

beforeAll(async () => {
  if (missingForCertificates !== undefined) return
  folder = await makeFolder()
  known = await makeAuthority(folder)
  below = await known.authority()
  unknown = await makeAuthority(await mkdtemp(join(folder, 'unknown-')))
  setDefaultCACertificates([...before, known.cert])
})
afterAll(async () => {
  setDefaultCACertificates(before)
  if (folder !== '') await removeFolder(folder)
})

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** What is found of a server with this certificate. */
async function foundOf(
  issued: Issued,
  options: { maxVersion?: SecureVersion; minVersion?: SecureVersion; ciphers?: string } = {},
) {
  const port = await portOf(createServer({ ...issued, ...options }))
  return foundAt(`https://localhost:${port}`)
}

async function foundAt(url: string) {
  const [finding] = await found(certificateCheck, await temporaryFolder(), { flags: { 'api.urls': [url] } })
  expect(finding?.subject).toBe(url)
  return finding
}

it('finds how long a certificate is good, of whom it is, and by what it is spoken', async () => {
  expect(await foundOf(await known.issue('localhost'))).toMatchObject({
    state: 'ok',
    message: expect.stringMatching(/^good for (89|90) days, until 20\d\d-\d\d-\d\d, of Nobody, TLSv1\.3$/),
    measured: { chain: 'ok', days: expect.any(Number) },
  })
})

it('warns three weeks before its end, and fails at it', async () => {
  expect(await foundOf(await known.issue('localhost', { days: 20 }))).toMatchObject({
    state: 'warning',
    message: expect.stringMatching(/^good for (19|20) days only, until /),
    advice: expect.stringContaining('certbot renew'),
  })
  expect(await foundOf(await known.issue('localhost', { days: 22 }))).toMatchObject({ state: 'ok' })
  expect(await foundOf(await known.issue('localhost', { days: -1 }))).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/^it was good until 20\d\d-\d\d-\d\d$/),
    advice: expect.stringContaining('certbot renew'),
  })
})

it('finds one that is for another name', async () => {
  expect(await foundOf(await known.issue('other.example'))).toMatchObject({
    state: 'failed',
    message: 'it is not for localhost',
    advice: expect.stringContaining('certbot certonly -d localhost'),
  })
})

it('finds that a certificate between is not sent along, and nothing when it is', async () => {
  const issued = await below.issue('localhost')
  expect(await foundOf(issued)).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/issuer is not sent along|chain is missing/),
    advice: expect.stringContaining('fullchain.pem'),
  })
  expect(await foundOf({ ...issued, cert: issued.cert + below.cert })).toMatchObject({ state: 'ok' })
})

it('finds an authority that nobody knows', async () => {
  const issued = await unknown.issue('localhost')
  expect(await foundOf({ ...issued, cert: issued.cert + unknown.cert })).toMatchObject({
    state: 'failed',
    message: 'its authority is known to nobody',
    advice: expect.stringContaining('NODE_EXTRA_CA_CERTS=FILE'),
  })
})

it('finds a version that nobody speaks any more', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  expect(await foundOf(await known.issue('localhost'), old)).toMatchObject({
    state: 'failed',
    message: 'it offers TLSv1.1 at best, which browsers and Node refuse',
  })
})

it('says which of name, connection and TLS failed', async () => {
  const closed = createTcpServer()
  const port = await portOf(closed)
  await new Promise((resolve) => closed.close(resolve))
  expect(await foundAt(`https://localhost:${port}`)).toMatchObject({
    state: 'failed',
    message: 'not reached (connection): nothing listens there (ECONNREFUSED)',
  })
  expect(await foundAt('https://no-such-host.invalid')).toMatchObject({
    message: expect.stringMatching(/^not reached \(name\): /),
  })
  const plain = await portOf(createTcpServer((socket) => socket.end('hello')))
  expect(await foundAt(`https://localhost:${plain}`)).toMatchObject({
    message: expect.stringMatching(/^not reached \(TLS\): /),
  })
  const silent = await portOf(createTcpServer(() => {}))
  expect(await foundAt(`https://localhost:${silent}`)).toMatchObject({
    message: 'not reached (TLS): no answer within 5 s',
  })
})

it('looks at what is announced as well, and says that there is nothing to look at', async () => {
  const port = await portOf(createServer(await known.issue('other.example')))
  const flags = {
    announce: [`/dns4/localhost/tcp/${port}/tls/sni/other.example/ws`, '/dns4/localhost/tcp/1'],
  }
  expect(await found(certificateCheck, await temporaryFolder(), { flags })).toMatchObject([
    { state: 'ok', subject: flags.announce[0] },
  ])
  expect(await found(certificateCheck, await temporaryFolder())).toMatchObject([{ state: 'not-checked' }])
})

it('pmesh doctor trusts what it is given', async () => {
  const server = createServer(await unknown.issue('localhost'), (_, response) => response.end())
  const port = await portOf(server)
  const announced = `/dns4/localhost/tcp/${port}/tls/ws`
  const args = [
    ...['--data', await temporaryFolder(), '--api-urls', `https://localhost:${port}`],
    ...['--announce', announced],
  ]
  const under = async (env: Record<string, string>) =>
    (await diagnosed(args, { env })).of('certificate').map(({ state }) => state)
  const [given, ofSystem, neither] = await Promise.all([
    under({ NODE_EXTRA_CA_CERTS: unknown.file }),
    under({ NODE_EXTRA_CA_CERTS: known.file, SSL_CERT_FILE: unknown.file }),
    under({ NODE_EXTRA_CA_CERTS: known.file, SSL_CERT_FILE: known.file }),
  ])
  expect(given).toEqual(['ok', 'ok'])
  // Of other nodes nobody knows what their systems trust.
  expect(ofSystem).toEqual(['ok', 'failed'])
  expect(neither).toEqual(['failed', 'failed'])
})
