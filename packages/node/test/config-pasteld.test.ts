import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../src/config/checked-config.ts'
import { type ConfigPlaces, loadConfig } from '../src/config/load-config.ts'
import type { ControllerConfig } from '../src/config/schema.ts'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const DAY_MS = 86_400_000
const ONE = 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7'
const OTHER = 'jXYqZNPj21RVnwxnEJ654wEdzi7GZTZ5LAdiotBmPrF7pDMkpX1JegDMQZX55WZLkvy9fxNpZcbBJuE8QYUqBF'

async function placesWith(yaml: string, env: Record<string, string> = {}): Promise<ConfigPlaces> {
  const cwd = await temporaryFolder()
  await mkdir(join(cwd, '.pmesh'))
  await writeFile(join(cwd, '.pmesh', 'pmesh.yaml'), yaml)
  return { cwd, flags: {}, env }
}

function problemOf(config: ControllerConfig): string {
  try {
    checkConfig(config)
  } catch (error) {
    return (error as Error).message
  }
  return expect.unreachable('the configuration was accepted')
}

describe('the Pastel core', () => {
  it('is off unless somebody says where it is', () => {
    expect(checkConfig({}).pasteld).toBeUndefined()
    expect(checkConfig({ pasteld: { user: 'me' } }).pasteld).toBeUndefined()
  })

  it('may be the one in its own folder, with what Pastel does by default', () => {
    expect(checkConfig({ pasteld: { conf: 'default' } }).pasteld).toEqual({
      concurrency: 30,
      statuses: ['ENABLED', 'PRE_ENABLED'],
      roles: [],
      maxListAgeMs: DAY_MS,
      bridge: { afterMs: 60_000, pollMs: 10_000 },
      endpoints: false,
    })
  })

  it('may be somewhere else; files are relative to the data folder, or to the home folder', () => {
    const { pasteld } = checkConfig({
      dataDir: '/data',
      pasteld: {
        url: 'http://127.0.0.1:19932/',
        user: 'me',
        passwordFile: 'rpcpassword',
        conf: '~/other/pastel.conf',
        signer: ONE,
        passphraseFile: '/run/word',
        members: { roles: ['top=rank<=10', 'new=PRE_ENABLED'] },
        bridge: { enabled: false },
      },
    })
    expect(pasteld).toMatchObject({
      url: 'http://127.0.0.1:19932',
      user: 'me',
      passwordFile: '/data/rpcpassword',
      conf: join(homedir(), 'other/pastel.conf'),
      signer: ONE,
      passphraseFile: '/run/word',
      roles: [
        { role: 'top', maxRank: 10 },
        { role: 'new', status: 'PRE_ENABLED' },
      ],
    })
    expect(pasteld?.bridge).toBeUndefined()
  })

  it.each<[string, ControllerConfig, string]>([
    ['members without it', { members: 'pasteld' }, 'members "pasteld": needs the Pastel core'],
    ["Pastel's endpoints without it", { api: { pastel: true } }, 'api.pastel true: needs the Pastel core'],
    ['a signer without it', { pasteld: { signer: ONE } }, 'needs the Pastel core'],
    [
      'two identities',
      { identity: OTHER, pasteld: { conf: 'default', signer: ONE } },
      'the node is pasteld.signer, which is another PastelID',
    ],
    [
      'a role that is none',
      { pasteld: { members: { roles: ['Top=rank<=1'] } } },
      'the role is no name of one',
    ],
    [
      'two rules of a role',
      { pasteld: { members: { roles: ['top=rank<=1', 'top=ENABLED'] } } },
      'a role is there twice',
    ],
    ['a rule that is none', { pasteld: { members: { roles: ['top'] } } }, 'neither ROLE=rank<=NUMBER'],
    ['a status that is none', { pasteld: { members: { statuses: ['enabled'] } } }, 'not a status'],
  ])('refuses %s', (_, config, problem) => {
    expect(problemOf(config)).toContain(problem)
  })

  it('does not show an url with a password, which it refuses', async () => {
    const problem = problemOf({ pasteld: { url: 'http://me:hunter2@127.0.0.1:9932' } })
    expect(problem).toContain('not http://HOST:PORT, without user and password')
    expect(problem).not.toContain('hunter2')
    const { stderr } = await runCli(
      ['config', 'check', '--pasteld-url', 'http://me:hunter2@127.0.0.1:9932'],
      {
        cwd: await temporaryFolder(),
      },
    )
    expect(stderr).toContain('not http://HOST:PORT')
    expect(stderr).not.toContain('hunter2')
  })
})

describe('retention', () => {
  it('is that of Pastel where there is a core, and says so', async () => {
    const places = await placesWith('pasteld: { conf: default }\n')
    const { config, origins } = await loadConfig(places)
    expect(config.retention.maxAgeMs).toBe(3 * DAY_MS)
    expect(origins.get('retention.maxAge')).toEqual({
      kind: 'default',
      because: 'of Pastel, for there is a core',
    })
    const { stdout } = await runCli(['config', 'print'], { cwd: places.cwd })
    expect(stdout).toMatch(/^retention\.maxAge +3d +default of Pastel, for there is a core$/m)
    expect(checkConfig({ pasteld: { url: 'http://127.0.0.1:1' } }).retention.maxAgeMs).toBe(3 * DAY_MS)
  })

  it('is what somebody set, and the usual without a core', async () => {
    const places = await placesWith('pasteld: { conf: default }\nretention: { maxAge: 9d }\n')
    const { config, origins } = await loadConfig(places)
    expect(config.retention.maxAgeMs).toBe(9 * DAY_MS)
    expect(origins.get('retention.maxAge')).toMatchObject({ kind: 'file', line: 2 })
    expect(checkConfig({}).retention.maxAgeMs).toBe(30 * DAY_MS)
    expect(checkConfig({ pasteld: { conf: 'off' } }).retention.maxAgeMs).toBe(30 * DAY_MS)
  })
})

describe("names of Pastel's Python layer", () => {
  const ENV = { UVICORN_PORT: '7500', NUMBER_OF_DAYS_BEFORE_MESSAGES_ARE_CONSIDERED_OBSOLETE: '5' }

  it('count over defaults alone, with where they come from', async () => {
    const { config, origins } = await loadConfig(await placesWith('pasteld: { conf: default }\n', ENV))
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 7500 })
    expect(config.retention.maxAgeMs).toBe(5 * DAY_MS)
    expect(origins.get('api.listen')).toEqual({ kind: 'environment', name: 'UVICORN_PORT' })
    const yaml = 'pasteld: { conf: default }\nretention: { maxAge: 9d }\n'
    const named = await loadConfig(await placesWith(yaml, { ...ENV, PMESH_API_LISTEN: '127.0.0.1:7600' }))
    expect(named.config.http).toMatchObject({ port: 7600 })
    expect(named.config.retention.maxAgeMs).toBe(9 * DAY_MS)
  })

  it('say nothing to a node without a core', async () => {
    const env = { ...ENV, TEMP_OVERRIDE_LOCALHOST_ONLY: '1' }
    const { config, warnings } = await loadConfig(await placesWith('network: local\n', env))
    expect(config.http).toMatchObject({ port: 7123 })
    expect(warnings).toEqual([])
  })

  it('open nothing to others, and show no passphrase', async () => {
    const env = { TEMP_OVERRIDE_LOCALHOST_ONLY: '1', LOCAL_PASTEL_ID_PASSPHRASE: 'hunter2' }
    const { warnings } = await loadConfig(await placesWith('pasteld: { conf: default }\n', env))
    expect(warnings).toEqual([
      expect.stringMatching(/^TEMP_OVERRIDE_LOCALHOST_ONLY IS IGNORED: .* nothing opens them to others$/),
      expect.stringMatching(/^LOCAL_PASTEL_ID_PASSPHRASE is not read: .*pasteld\.passphraseFile/),
    ])
    expect(warnings.join()).not.toContain('hunter2')
  })

  it('that are wrong are told of with their names', async () => {
    const places = await placesWith('pasteld: { conf: default }\n', { UVICORN_PORT: 'http' })
    await expect(loadConfig(places)).rejects.toThrow(/api\.listen "127\.0\.0\.1:http" \(UVICORN_PORT\)/)
  })
})
