import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ConfigPlaces, loadConfig } from '../src/config/load-config.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** A current directory with a `.env` and a `pmesh.yaml` in its data folder. */
async function placesWith(files: { env?: string; yaml?: string }): Promise<ConfigPlaces & { yaml: string }> {
  const cwd = await temporaryFolder()
  const yaml = join(cwd, '.pmesh', 'pmesh.yaml')
  await mkdir(join(cwd, '.pmesh'))
  if (files.env !== undefined) await writeFile(join(cwd, '.env'), files.env)
  if (files.yaml !== undefined) await writeFile(yaml, files.yaml)
  return { cwd, flags: {}, env: {}, yaml }
}

async function problemsOf(places: ConfigPlaces): Promise<string[]> {
  const error: Error = await loadConfig(places).then(
    () => expect.unreachable('the configuration was accepted'),
    (error) => error,
  )
  expect(error).toMatchObject({ code: 'ERR_CONFIG' })
  return error.message.split('\n')
}

describe('of a value', () => {
  it('the flag wins over the environment, that over .env, that over the file, that over the default', async () => {
    const places = await placesWith({
      env: '# comment\nPMESH_SYNC_HISTORY="2d"\nPMESH_TOPICS=a,b\nPMESH_RELAY=\nPMESH_LOG_LEVEL=debug\n',
      yaml: 'network: file\ntopics:\n  - c\nlog:\n  level: warn\nsync:\n  history: 1d\n  interval: 9s\n',
    })
    const { config, origins, file } = await loadConfig({
      ...places,
      flags: { 'sync.history': '1h' },
      env: { PMESH_SYNC_HISTORY: '3h', PMESH_LOG_LEVEL: 'error' },
    })
    expect(config).toMatchObject({
      historyMs: 3_600_000,
      log: { level: 'error' },
      topics: ['a', 'b'],
      syncIntervalMs: 9_000,
      network: 'file',
      relay: false,
      dataDir: join(places.cwd, '.pmesh'),
    })
    expect(file).toBe(places.yaml)
    const envFile = join(places.cwd, '.env')
    expect(Object.fromEntries(origins)).toMatchObject({
      'sync.history': { kind: 'flag', name: '--sync-history' },
      'log.level': { kind: 'environment', name: 'PMESH_LOG_LEVEL' },
      topics: { kind: 'env-file', name: 'PMESH_TOPICS', path: envFile },
      'sync.interval': { kind: 'file', path: places.yaml, line: 8 },
      network: { kind: 'file', path: places.yaml, line: 1 },
      relay: { kind: 'default' },
    })
  })

  it('the file is the text as it stands there', async () => {
    const places = await placesWith({
      yaml: 'network: 123\nrelay: yes\nmanyPeersPerHost: off\ndisk: {minFree: 512}\ntopics: [on]\nlog:\n',
    })
    expect((await loadConfig(places)).config).toMatchObject({
      network: '123',
      relay: true,
      manyPeersPerHost: false,
      minFreeBytes: 512,
      topics: ['on'],
      log: { level: 'info' },
    })
  })
})

describe('the folder and the file', () => {
  it('come from the flag, the environment or .env', async () => {
    const places = await placesWith({ env: 'PMESH_DATA=from-env-file\nPMESH_CONFIG=other.yaml\n' })
    await writeFile(join(places.cwd, 'other.yaml'), 'network: other\n')
    const dataDirOf = async (more: Partial<ConfigPlaces>) =>
      (await loadConfig({ ...places, ...more })).config.dataDir.slice(places.cwd.length + 1)
    expect(await dataDirOf({})).toBe('from-env-file')
    expect(await dataDirOf({ env: { PMESH_DATA: 'from-env' } })).toBe('from-env')
    expect(await dataDirOf({ env: { PMESH_DATA: 'from-env' }, dataDir: 'from-flag' })).toBe('from-flag')
    expect((await loadConfig(places)).config.network).toBe('other')
  })

  it('a file that is named has to be there', async () => {
    const places = await placesWith({})
    expect(await problemsOf({ ...places, configFile: 'none.yaml' })).toEqual([
      `the configuration is wrong: the file ${places.cwd}/none.yaml, which --config names, does not exist`,
    ])
    expect((await loadConfig(places)).file).toBeUndefined()
  })
})

describe('all that is wrong is told at once, with where it stands', () => {
  it('of every source', async () => {
    const places = await placesWith({
      env: 'PMESH_RELAY=maybe\n',
      yaml: [
        'netwrok: a',
        'topics:',
        '  - good',
        '  - "!!"',
        'sync:',
        '  history: 10',
        '  hsitory: 1d',
        'dataDir: x',
        'interval: 4s',
        'listen: "*:1"',
        'retention: 5',
        'limits: {maxBatchMessages: 513}',
      ].join('\n'),
    })
    const env = join(places.cwd, '.env')
    const problems = await problemsOf({
      ...places,
      env: { PMESH_BOOTSTRAP: '192.0.2.1:1,x' },
      flags: { members: 'all' },
    })
    expect(problems).toEqual([
      'the configuration is wrong in 12 places',
      `netwrok "a" (${places.yaml}:1): there is no such key: did you mean network?`,
      `sync.hsitory "1d" (${places.yaml}:7): there is no such key: did you mean sync.history?`,
      `dataDir "x" (${places.yaml}:8): there is no such key: the data folder is named by --data or PMESH_DATA`,
      `interval "4s" (${places.yaml}:9): there is no such key: did you mean sync.interval?`,
      `listen "*:1" (${places.yaml}:10): a list is needed: [first, second]`,
      `retention "5" (${places.yaml}:11): not a section: it has keys of its own`,
      'bootstrap[1] "x" (PMESH_BOOTSTRAP): not an address such as 192.0.2.1:7124 or /ip4/192.0.2.1/tcp/7124: it has no port, as in x:7124',
      `topics[1] "!!" (${places.yaml}:4): not a topic name such as prices or eu/prices`,
      `relay "maybe" (PMESH_RELAY in ${env}): neither true nor false (yes/no, on/off, 1/0)`,
      'members "all" (--members): neither file nor open nor pasteld',
      `sync.history "10" (${places.yaml}:6): not a duration: add a unit: 10s, or ms, m, h, d, w`,
      `limits.maxBatchMessages 513 (${places.yaml}:12): not a whole number from 1 to 512`,
    ])
  })

  it.each([
    ['network: a\n  topics: [b]\n', ':1:10: Nested mappings'],
    ['topics: [a\n', ':2:'],
    ['network: a\nnetwork: b\n', ':2:1: the key network is further up already'],
    ['network: a\n---\nnetwork: b\n', ':2:1:'],
    ['network: !!js/function a\n', ':1:10:'],
  ])('of the syntax of %j, with line and column', async (yaml, place) => {
    const places = await placesWith({ yaml })
    const [first = ''] = (await problemsOf(places)).filter((line) => line.includes(places.yaml))
    expect(first).toContain(`${places.yaml}${place}`)
  })

  it.each([
    'just text',
    '- a',
    'topics: [[a]]',
    'log: &a {file: *a}',
    'x: &x [*x, *x]',
    '? [a]\n: b',
    'network: {}',
  ])('of %j, which is YAML but no configuration', async (yaml) => {
    const places = await placesWith({ yaml })
    expect((await problemsOf(places)).join()).toContain(`${places.yaml}:1`)
  })

  it.each([
    ['network: {a: b}', 'network "{a: b}" (:1): one value is needed: <name>'],
    ['topics:\n  a: b\n', 'topics "a: b" (:2): a list is needed: [first, second]'],
    ['port:', 'port null (:1): there is no such key'],
    ['ports: [1, 2]', 'ports "[1, 2]" (:1): there is no such key'],
    ['passphrase: secret', 'passphrase (:1): there is no such key'],
  ])('of %j, with key, value and line', async (yaml, problem) => {
    const places = await placesWith({ yaml })
    expect((await problemsOf(places)).join().replace(places.yaml, '')).toContain(problem)
  })
})

it('a variable that is no setting is only warned of: container platforms make some', async () => {
  const places = await placesWith({ env: 'PMESH_TOPIC=a\n' })
  const env = { PMESH_PORT: 'tcp://10.0.0.1:7124', PMESH_SYNC_HISTROY: '1d', PMESH_PASSPHRASE: 'secret' }
  const { warnings } = await loadConfig({ ...places, env })
  expect(warnings).toEqual([
    'PMESH_PORT is no setting, and is ignored',
    'PMESH_SYNC_HISTROY is no setting, and is ignored: did you mean PMESH_SYNC_HISTORY?',
    `PMESH_TOPIC in ${places.cwd}/.env is no setting, and is ignored: did you mean PMESH_TOPICS?`,
  ])
})

it('what is ignored is told beside what is wrong', async () => {
  const places = await placesWith({ yaml: 'relay: perhaps\n' })
  await expect(loadConfig({ ...places, env: { PMESH_PORT: '1' } })).rejects.toMatchObject({
    problems: [{ key: 'relay' }],
    warnings: ['PMESH_PORT is no setting, and is ignored'],
  })
})

it('a line of .env that sets no variable is warned of, and not shown', async () => {
  const places = await placesWith({
    env: [
      '# a comment',
      'export PMESH_TOPICS=a',
      'PMESH_PASSPHRASE secret',
      'OTHER="over',
      'two lines"',
      "UNENDED='",
    ].join('\n'),
  })
  const { warnings, config } = await loadConfig(places)
  expect(config.topics).toEqual(['a'])
  expect(warnings).toEqual([
    `${places.cwd}/.env:3 is not NAME=VALUE, and is ignored`,
    `${places.cwd}/.env:6 is not NAME=VALUE, and is ignored`,
  ])
})

it('a .env that is something else is warned of in a few lines', async () => {
  const { warnings } = await loadConfig(await placesWith({ env: 'text\n'.repeat(1_000) }))
  expect(warnings).toHaveLength(6)
})
