import { spawn, spawnSync } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, type SecureVersion, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { certificateCheck } from '../src/doctor/certificate-check.ts'
import type { Finding } from '../src/doctor/check.ts'
import type { GreetedAt } from '../src/doctor/greet.ts'
import { type Authority, type Issued, makeAuthority, missingForCertificates } from './fixtures/authority.ts'
import { diagnosed, found } from './fixtures/doctor.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

let folder = ''
let known: Authority
let below: Authority
let unknown: Authority
const before = getCACertificates('default')
const local = await lookup('localhost', { all: true })
/** What is said of where it was looked at: at one address of each family that this machine has for the name. */
const AT = `, at ${[4, 6]
  .flatMap((wanted) => local.find(({ family }) => family === wanted)?.address ?? [])
  .join(' and ')}`

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
    message: expect.stringMatching(
      /^good for (89|90) days, until 20\d\d-\d\d-\d\d, of Nobody, TLSv1\.3, at [^,;]+$/,
    ),
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
    message: expect.stringMatching(/^it was good until 20\d\d-\d\d-\d\d, at [^,;]+$/),
    advice: expect.stringContaining('certbot renew'),
  })
})

it('finds one that is for another name', async () => {
  expect(await foundOf(await known.issue('other.example'))).toMatchObject({
    state: 'failed',
    message: `it is not for localhost${AT}`,
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
    message: `its authority is known to nobody${AT}`,
    advice: expect.stringContaining('NODE_EXTRA_CA_CERTS=FILE'),
  })
})

it('finds a version that nobody speaks any more', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  expect(await foundOf(await known.issue('localhost'), old)).toMatchObject({
    state: 'failed',
    message: `it offers TLSv1.1 at best, which browsers and Node refuse${AT}`,
  })
})

it('says which of name, connection and TLS failed', async () => {
  const closed = createTcpServer()
  const port = await portOf(closed)
  await new Promise((resolve) => closed.close(resolve))
  expect(await foundAt(`https://localhost:${port}`)).toMatchObject({
    state: 'failed',
    message: `not reached (connection): nothing listens there (ECONNREFUSED)${AT}`,
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
    message: `not reached (TLS): no answer within 5 s${AT}`,
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

const missing =
  missingForCertificates ??
  (spawnSync('unshare', ['--mount', 'true']).status === 0
    ? undefined
    : 'Tests with names of their own are skipped: that takes root, and unshare of util-linux.')
if (missing !== undefined) console.warn(missing)

/** What a program says that runs where these are all names. */
async function underNames(names: string, program: string): Promise<unknown> {
  const hosts = join(await temporaryFolder(), 'hosts')
  await writeFile(hosts, names)
  const child = spawn(
    'unshare',
    [
      ...['--mount', 'sh', '-ec', `mount --bind "$0" /etc/hosts; exec "$@"`, hosts],
      ...[process.execPath, '--conditions=source', '--input-type=module', '-e', program],
    ],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return JSON.parse((await child.stdout.toArray()).join(''))
}

test.skipIf(missing !== undefined)('looks at one address of each family that a name has', async () => {
  const good = createServer(await known.issue('both.example'))
  await new Promise<void>((resolve) => good.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void good.close())
  const { port } = good.address() as AddressInfo
  // What of IPv6 leads to another server: of the same port, with a certificate for another name.
  const other = createServer(await known.issue('other.example'))
  await new Promise<void>((resolve) => other.listen(port, '::1', resolve))
  onTestFinished(() => void other.close())
  const names = '127.0.0.1 both.example\n::1 both.example\n'
  // To an address of a group there is never a way.
  const groups = '127.0.0.1 halfway.example\nff02::1 halfway.example away.example\n'
  const [certificates, greeted] = (await underNames(
    names + groups,
    `
    import { certificateCheck } from '../src/doctor/certificate-check.ts'
    import { greet } from '../src/doctor/greet.ts'
    import { setDefaultCACertificates } from 'node:tls'
    setDefaultCACertificates([${JSON.stringify(known.cert)}])
    const { signal } = new AbortController()
    const at = (name) => 'https://' + name + ':${port}'
    const publicUrls = ['both.example', 'halfway.example', 'away.example'].map(at)
    const announce = ['/dns4/both.example/tcp/${port}/tls/ws']
    const config = { http: { publicUrls }, announce }
    const certificates = await certificateCheck.run({ config }, signal)
    const ways = ['dns/both.example', 'dns4/both.example', 'dns6/both.example', 'dns/halfway.example']
    const greeted = await Promise.all(ways.map((way) => greet('/' + way + '/tcp/1', 20_000, signal)))
    console.log(JSON.stringify([certificates, greeted]))`,
  )) as [Finding[], GreetedAt[][]]
  expect(certificates).toMatchObject([
    {
      state: 'failed',
      message: expect.stringMatching(
        /^it is not for both\.example, at ::1; good for \d+ days, .*, at 127\.0\.0\.1$/,
      ),
      advice: expect.stringContaining('both.example'),
      measured: { addresses: ['127.0.0.1', '::1'] },
    },
    {
      state: 'failed',
      message:
        'it is not for halfway.example, at 127.0.0.1; not checked: this machine has no IPv6 route, at ff02::1',
    },
    { state: 'not-checked', message: 'not checked: this machine has no IPv6 route, at ff02::1' },
    // Nobody who goes by that address asks for others.
    { state: 'ok', message: expect.stringMatching(/^good for .*, at 127\.0\.0\.1$/) },
  ])
  expect(greeted.map((found) => found.map(({ ip, kind }) => [ip, kind]))).toEqual([
    [
      ['127.0.0.1', 'unreached'],
      ['::1', 'unreached'],
    ],
    [['127.0.0.1', 'unreached']],
    [['::1', 'unreached']],
    [
      ['127.0.0.1', 'unreached'],
      ['ff02::1', 'no-route'],
    ],
  ])
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
