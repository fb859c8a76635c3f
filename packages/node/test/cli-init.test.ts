import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, it } from 'vitest'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { folderContent } from './fixtures/folder-content.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('pmesh init makes a folder that a node can start from, once', async () => {
  const cwd = await temporaryFolder()
  const data = join(cwd, 'my node')
  const chosen = ['--network', 'trial', '--topic', 'a', '--topic', 'b', '--listen', '*:7124', '--relay']
  const { pastelId: admin } = createLocalSigner(generateSeed())
  const others = ['--bootstrap', 'node1:7124', '--admin', admin]
  const made = await runCli(['init', '--data', 'my node', ...chosen, ...others], { cwd })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toMatch(/^PastelID {5}jX\w{84}$/m)
  expect(made.stdout).toMatch(/^next {9}pmesh start --data 'my node'$/m)
  expect(made.stdout).toMatch(
    /^then {9}the API, with its documentation, is at http:\/\/127\.0\.0\.1:7123\/$/m,
  )
  expect(await readFile(join(data, 'members'), 'utf8')).toMatch(/^(#.*\n)+$/)
  expect((await stat(join(data, 'pmesh.yaml'))).mode & 0o777).toBe(0o600)

  const { stdout } = await runCli(['config', 'print', '--data', data, '--json'], { cwd })
  const { keys } = JSON.parse(stdout)
  const set = Object.entries<{ value: unknown; origin: { kind: string } }>(keys).filter(
    ([, { origin }]) => origin.kind === 'file',
  )
  expect(Object.fromEntries(set.map(([key, { value }]) => [key, value]))).toEqual({
    network: 'trial',
    listen: ['/ip4/0.0.0.0/tcp/7124'],
    bootstrap: ['/dns/node1/tcp/7124'],
    topics: ['a', 'b'],
    relay: true,
    'api.admins': [admin],
  })

  const before = await folderContent(data)
  const again = await runCli(['init', '--data', data, '--network', 'other'], { cwd })
  expect(again).toMatchObject({ code: 1, stdout: '' })
  expect(again.stderr).toMatch(/has members, .*node\.key, .*pmesh\.yaml already, .* \(ERR_INITIALISED\)\n$/)
  expect(await folderContent(data)).toEqual(before)
})

it('pmesh init says of a key that was there that it found it, and uses it', async () => {
  const data = await temporaryFolder()
  const pastelId = await makeCheapIdentity(data)
  const { stdout } = await runCli(['init', '--data', data])
  expect(stdout).toContain(pastelId)
  const rows = [...stdout.matchAll(/^(made|found) +(\S+)/gm)].map(([, what, name]) => `${what} ${name}`)
  expect(rows.sort()).toEqual([
    'found passphrase',
    'found pastelkeys',
    'made members',
    'made node.key',
    'made pmesh.yaml',
  ])
})

it('pmesh init does not complete a folder that has part of it', async () => {
  const data = await temporaryFolder()
  await writeFile(join(data, 'members'), 'precious')
  const before = await folderContent(data)
  const { code, stderr } = await runCli(['init', '--data', data, '--json'])
  expect(code).toBe(1)
  expect(stderr).toContain(`${data} has members already, and is left as it is`)
  expect(await folderContent(data)).toEqual(before)
})

it('pmesh init makes nothing when a setting is wrong', async () => {
  const data = join(await temporaryFolder(), 'data')
  const { code, stderr } = await runCli(['init', '--data', data, '--topic', '!!'])
  expect({ code, stderr: stderr.includes('topics[0] "!!" (--topic): not a topic name') }).toEqual({
    code: 1,
    stderr: true,
  })
  expect(existsSync(data)).toBe(false)
})
