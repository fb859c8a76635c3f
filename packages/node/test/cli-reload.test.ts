import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const PAGE = 'https://app.example'
const somebody = createLocalSigner(generateSeed()).pastelId

const isServed = (yaml: string) => yaml.includes('listen:')

/** A node on a folder whose settings can be written anew. */
async function startOn(yaml: string, args: readonly string[] = []) {
  const dataDir = await temporaryFolder()
  await makeCheapIdentity(dataDir)
  const file = join(dataDir, 'pmesh.yaml')
  const write = (text: string) => writeFile(file, text)
  await write(yaml)
  const options = { dataDir, cwd: dataDir, args, isServed: isServed(yaml) }
  const node = await startNode({ ...options, env: { PMESH_SYNC_INTERVAL: '3s' } })
  onTestFinished(() => node.remove())
  const client = createControlClient(dataFolder(dataDir).socket)
  onTestFinished(() => client.close())
  const { admin } = client.api
  const pmesh = (...rest: string[]) => runCli([...rest, '--data', dataDir])
  const show = async () => (await admin.configuration.show.query()).keys
  return { ...node, dataDir, file, write, pmesh, admin, show }
}

async function allowedOrigin(url: string): Promise<string | null> {
  const answer = await fetch(`${url}/livez`, { headers: { origin: PAGE } })
  return answer.headers.get('access-control-allow-origin')
}

const BEFORE = (port: number) => `api: {listen: '127.0.0.1:${port}'}
topics: [prices]
metrics: {listen: off}
`
const AFTER = (port: number) => `
topics: [prices, news]
api: {listen: '127.0.0.1:${port}', origins: ['${PAGE}'], callRate: {burst: 2, perSecond: 1}}
log: {level: debug}
limits: {senderRates: {batches: {burst: 7}}}
retention: {maxAge: 6d}
sync: {interval: 9s}
metrics: {listen: off}
`

it('pmesh config reload applies what can be, names what needs a start, and pmesh config show says what holds', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const node = await startOn(BEFORE(port))
  const { pmesh, admin, show, write, file } = node
  const reload = () => admin.configuration.reload.mutate()
  expect(await reload()).toMatchObject({
    file,
    applied: [],
    needsRestart: [],
    members: { joined: 0, left: 0 },
  })
  expect(await allowedOrigin(url)).toBeNull()
  expect(await show()).toMatchObject({
    topics: { value: ['prices'], origin: { kind: 'file', path: file, line: 2 } },
    'log.level': { value: 'info', origin: { kind: 'default' } },
    'log.format': { value: 'pretty', origin: { kind: 'flag', name: '--log-format' } },
    'sync.interval': { value: '3s', origin: { kind: 'environment', name: 'PMESH_SYNC_INTERVAL' } },
  })

  await write(AFTER(port))
  await writeFile(join(node.dataDir, 'members'), `${somebody} operator\n`)
  const reloaded = await reload()
  const named = (changes: readonly { readonly key: string }[]) => changes.map(({ key }) => key).sort()
  expect(named(reloaded.applied)).toEqual([
    'api.callRate.burst',
    'api.callRate.perSecond',
    'api.origins',
    'limits.senderRates.batches.burst',
    'log.level',
    'retention.maxAge',
  ])
  expect(reloaded.needsRestart).toEqual([
    {
      key: 'topics',
      before: ['prices'],
      after: ['prices', 'news'],
      origin: { kind: 'file', path: file, line: 2 },
    },
  ])
  expect(reloaded.unchanged).toContain('sync.interval')
  expect(reloaded.members?.count).toBe(2)

  expect(await allowedOrigin(url)).toBe(PAGE)
  expect((await admin.store.retention.query()).rules.maxAgeMs).toBe(6 * 86_400_000)
  const { secret } = await admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const call = () => fetch(`${url}/trpc/auth.whoami`, { headers: { authorization: `Bearer ${secret}` } })
  const calls = await Promise.all([call(), call(), call()])
  expect(calls.map(({ status }) => status).sort()).toEqual([200, 200, 429])
  expect((await admin.members.list.query({})).members).toContainEqual({
    pastelId: somebody,
    role: 'operator',
  })
  // Requests that are answered are logged at `debug`.
  await waitUntil(() => node.output().includes('GET /trpc auth.whoami 200'), { what: 'the log to have them' })

  const shown = await show()
  expect(shown).toMatchObject({
    topics: {
      value: ['prices'],
      origin: { kind: 'file', line: 2 },
      afterRestart: { value: ['prices', 'news'], origin: { kind: 'file', line: 2 } },
    },
    'log.level': { value: 'debug', origin: { kind: 'file', line: 4 } },
    'sync.interval': { value: '3s', origin: { kind: 'environment' } },
  })
  const [asText, audit] = await Promise.all([pmesh('config', 'show'), admin.audit.list.query()])
  expect(asText.stdout).toMatch(/^topics +prices +\S+pmesh\.yaml:2 +prices, news with the next start$/m)
  expect(audit).toContainEqual(
    expect.objectContaining({ procedure: 'admin.configuration.reload', kind: 'socket', result: 'ok' }),
  )

  // Whoever writes the file anew is not to lose what retention keeps, because a reload came in between.
  await rm(file)
  const refusedFor = (now: string) => ({
    data: { meshCode: 'ERR_CONFIG' },
    message: expect.stringContaining(`${now}: start`),
  })
  await expect(reload()).rejects.toMatchObject(refusedFor('is not there'))
  await write('')
  await expect(reload()).rejects.toMatchObject(refusedFor('says nothing'))
  expect(await show()).toEqual(shown)

  // What goes away is as if it had never been there.
  await write(BEFORE(port))
  const { stdout } = await pmesh('config', 'reload')
  expect(stdout).toMatch(/^applied +retention\.maxAge +6d → 30d +default$/m)
  expect(stdout).toMatch(/^applied +api\.origins +https:\/\/app\.example → \(none\) +default$/m)
  expect(stdout).toMatch(/^unchanged {2}\d+ keys; 2 members$/m)
  expect(await allowedOrigin(url)).toBeNull()
  expect(await show()).toMatchObject({ topics: { value: ['prices'] } })
  expect((await show()).topics).not.toHaveProperty('afterRestart')
})

it('a reload of what is wrong says which keys and why, and changes nothing; SIGHUP does the same and logs it', async () => {
  const node = await startOn('log: {level: info}\n')
  const { pmesh, admin, show, write, file, dataDir } = node
  const before = await show()
  await write(
    'log: {level: debug}\nretention: {maxAge: 7}\nqueue: {driver: "redis://:not-to-be-seen@"}\nnetwerk: x\n',
  )
  const refused = await pmesh('config', 'reload')
  expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' })
  expect(refused.stderr.split('\n')).toEqual([
    'pmesh: the configuration is wrong in 3 places (ERR_CONFIG)',
    expect.stringContaining(`  netwerk "x" (${file}:4): there is no such key`),
    expect.stringContaining(`  retention.maxAge "7" (${file}:2): not a duration`),
    expect.stringContaining(`  queue.driver (${file}:3): `),
    '',
  ])
  expect(await show()).toEqual({ ...before })

  const logged = (text: string) =>
    waitUntil(() => node.output().includes(text), { what: `"${text}" in the log` })
  node.process.kill('SIGHUP')
  await logged('nothing has changed: retention.maxAge "7"')
  expect(await show()).toEqual({ ...before })

  await write('log: {level: info}\n')
  await writeFile(join(dataDir, 'members'), 'nobody\n')
  await expect(admin.configuration.reload.mutate()).rejects.toMatchObject({
    message: expect.stringMatching(/^the configuration is wrong: [^\n]+members, line 1/),
    data: { meshCode: 'ERR_CONFIG' },
  })
  await writeFile(join(dataDir, 'members'), '')

  await write('log: {level: debug}\nnetwork: other\n')
  node.process.kill('SIGHUP')
  await logged('applied: log.level info → debug; with the next start: network local → other')
  expect(await show()).toMatchObject({ 'log.level': { value: 'debug' }, network: { value: 'local' } })
  expect(node.output()).not.toContain('not-to-be-seen')
  expect(refused.stderr).not.toContain('not-to-be-seen')
})
