import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { folderProblems } from '../src/cli/folder-problems.ts'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function folderWith(yaml: string): Promise<string> {
  const cwd = await temporaryFolder()
  await mkdir(join(cwd, '.pmesh'))
  await writeFile(join(cwd, '.pmesh', 'pmesh.yaml'), yaml)
  return cwd
}

describe('pmesh config print', () => {
  it('shows every key, its value and where it comes from', async () => {
    const cwd = await folderWith('topics: [prices, news]\n')
    const env = { PMESH_LOG_LEVEL: 'debug', PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}x` }
    const { code, stdout, stderr } = await runCli(['config', 'print', '--sync-history', '10m'], { cwd, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^sync\.history +10m +--sync-history$/m)
    expect(stdout).toMatch(/^log\.level +debug +PMESH_LOG_LEVEL$/m)
    expect(stdout).toMatch(new RegExp(`^topics +prices, news +${cwd}/\\.pmesh/pmesh\\.yaml:1$`, 'm'))
    expect(stdout).toMatch(/^retention\.maxSize +16GiB +default$/m)
    expect(stdout).not.toContain(PASSPHRASE_PREFIX)
  })

  it('--json shows the same', async () => {
    const cwd = await folderWith('relay: yes\n')
    const { stdout } = await runCli(['config', 'print', '--json', '--relay=no'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject({
      dataDir: join(cwd, '.pmesh'),
      keys: {
        relay: { value: false, origin: { kind: 'flag', name: '--relay' } },
        'sync.history': { value: '3d', origin: { kind: 'default' } },
        identity: { value: null },
      },
    })
  })
})

describe('pmesh config check', () => {
  it('says in one line that all is right, and warns of what is no setting', async () => {
    const cwd = await folderWith('relay: yes\n')
    const { code, stdout, stderr } = await runCli(['config', 'check'], { cwd, env: { PMESH_PORT: '1' } })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `the configuration is right: 1 value set, ${cwd}/.pmesh/pmesh.yaml\n`,
      stderr: 'pmesh: PMESH_PORT is no setting, and is ignored\n',
    })
  })

  it('says all that is wrong', async () => {
    const cwd = await folderWith('relay: yes\n')
    await writeFile(join(cwd, 'other.yaml'), 'relay: perhaps\nlog: {level: loud}\n')
    await writeFile(join(cwd, '.pmesh', 'members'), '\nnobody\n')
    const env = { PMESH_PORT: '1' }
    const { code, stdout, stderr } = await runCli(['config', 'check', '--config', 'other.yaml'], { cwd, env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      'pmesh: PMESH_PORT is no setting, and is ignored',
      'pmesh: the configuration is wrong in 3 places (ERR_CONFIG)',
      `  relay "perhaps" (${cwd}/other.yaml:1): neither true nor false (yes/no, on/off, 1/0)`,
      expect.stringContaining(`  log.level "loud" (${cwd}/other.yaml:2): not a level`),
      `  ${cwd}/.pmesh/members, line 2: "nobody" is not a PastelID`,
      '',
    ])
  })

  it('says that there is no such folder, or none that can be used', async () => {
    const cwd = await temporaryFolder()
    const places = { flags: {}, env: { PMESH_DATA: 'typo' }, cwd }
    expect(await folderProblems(places, { members: 'file' })).toEqual([
      {
        key: 'data',
        value: 'typo',
        origin: { kind: 'environment', name: 'PMESH_DATA' },
        reason: `there is no such folder: make it with "pmesh init --data ${cwd}/typo", or name another`,
      },
    ])
    await writeFile(join(cwd, 'typo'), '')
    expect(await folderProblems(places, { members: 'open' })).toMatchObject([
      { reason: 'it is no folder: name another' },
    ])
    expect(await folderProblems({ ...places, dataDir: cwd }, { members: 'file' })).toEqual([])
  })

  it('says that a start would not find its key', async () => {
    const cwd = await temporaryFolder()
    const places = { flags: {}, env: {}, cwd, dataDir: cwd }
    await writeFile(join(cwd, 'node.key'), 'x')
    expect(await folderProblems(places, { members: 'open' })).toMatchObject([
      { reason: expect.stringContaining('the key file of this node') },
    ])
    expect(await folderProblems(places, undefined)).toEqual([])
  })

  it('--json has them as a list', async () => {
    const cwd = await folderWith('relay: maybe\n')
    const { code, stdout } = await runCli(['config', 'check', '--json'], { cwd })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      isRight: false,
      problems: [{ key: 'relay', value: 'maybe', origin: { kind: 'file', line: 1 } }],
    })
  })
})
