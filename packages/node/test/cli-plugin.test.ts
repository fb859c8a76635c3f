import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { folderContent } from './fixtures/folder-content.ts'
import { startNode } from './fixtures/running-node.ts'
import { socketClient } from './fixtures/socket-client.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

test('pmesh plugin new makes what packages/example-plugin shows', async () => {
  const cwd = await temporaryFolder()
  const made = await runCli(['plugin', 'new', 'greeter'], { cwd })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toMatch(/^made {4}plugin\.ts {6}what the node runs/m)
  expect(made.stdout).toMatch(/^next {4}pmesh start --plugin \.\/greeter\/plugin\.ts$/m)
  expect(made.stdout).toMatch(
    /^then {4}export PMESH_KEY=\$\(pmesh keys create caller --scope read --scope send\)\n {8}node \.\/greeter\/call\.ts$/m,
  )
  const example = join(ROOT, 'packages/example-plugin/src/greeter')
  for (const file of ['plugin.ts', 'call.ts']) {
    expect(await readFile(join(cwd, 'greeter', file), 'utf8')).toBe(
      await readFile(join(example, file), 'utf8'),
    )
  }
})

test('it runs under another name, in a folder that finds no package, and is listed', async () => {
  const cwd = await temporaryFolder()
  const made = await runCli(['plugin', 'new', 'priceFeed', '--folder', 'my plugins/prices', '--json'], {
    cwd,
  })
  const { folder, next, linked } = JSON.parse(made.stdout)
  expect(folder).toBe(join(await realpath(cwd), 'my plugins/prices'))
  expect(next[0]).toBe(`pmesh start --plugin './my plugins/prices/plugin.ts'`)
  expect(linked).toEqual([
    '@pastel-mesh/node',
    '@pastel-mesh/sdk-client',
    '@pastel-mesh/sdk-server',
    'zod',
    '@types/node',
  ])
  // As after a clone of its repository, which has none of the links.
  await rm(join(folder, 'node_modules'), { recursive: true })
  const again = await runCli(['plugin', 'link', folder], { cwd })
  expect(again.stdout).toBe(`linked  ${linked.join(', ')} in ${folder}\n`)
  const twice = await runCli(['plugin', 'link', '--json'], { cwd: folder })
  expect(JSON.parse(twice.stdout)).toEqual({ folder, linked: [] })
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  expect(manifest.name).toBe('pmesh-plugin-price-feed')
  expect(Object.keys(manifest.peerDependencies)).toEqual(linked.slice(0, 4))
  expect(manifest).not.toHaveProperty('dependencies')
  const texts = await Promise.all(
    ['plugin.ts', 'call.ts', 'README.md'].map((file) => readFile(join(folder, file), 'utf8')),
  )
  expect(texts.join('\n')).not.toMatch(/\bgreeter\b|GREETER|ext_greeter/)
  expect(texts.join('\n')).toContain('PMESH_EXT_PRICE_FEED')

  const dataDir = join(cwd, 'data')
  await makeCheapIdentity(dataDir)
  const env = { PMESH_EXT_PRICE_FEED: '{greeting: good day}' }
  const node = await startNode({ dataDir, cwd, env, args: ['--plugin', './my plugins/prices/plugin.ts'] })
  onTestFinished(() => node.remove())
  const { api } = socketClient(dataDir)
  await waitUntil(async () => ((await api.admin.status.query()).plugins[0]?.background[0]?.runs ?? 0) > 0, {
    what: 'its background task to run',
  })
  const listed = await runCli(['plugin', '--data', dataDir])
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toMatch(/^priceFeed\n {2}source {7}\.\/my plugins\/prices\/plugin\.ts\n/)
  expect(listed.stdout).toMatch(/^ {2}procedure {4}ext\.priceFeed\.hello$/m)
  expect(listed.stdout).toMatch(/^ {2}job {10}priceFeed\.welcome$/m)
  expect(listed.stdout).toMatch(/^ {2}messages of {2}welcomes, inbox$/m)
  expect(listed.stdout).toMatch(
    /^ {2}background {3}priceFeed\.tick every 5s, \d+ runs?, the last .* ago, next in /m,
  )
  const { stdout } = await runCli(['plugin', 'list', '--json', '--data', dataDir])
  expect(JSON.parse(stdout)).toMatchObject([
    {
      name: 'priceFeed',
      jobs: ['priceFeed.welcome', 'priceFeed.on.welcomes', 'priceFeed.inbox'],
      failures: 0,
    },
  ])
}, 120_000)

test('nothing is made of a name that is none, nor in a folder that has something in it', async () => {
  const cwd = await temporaryFolder()
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(['plugin', 'new', ...args], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    return stderr
  }
  expect(await refused('price-feed')).toMatch(
    /"price-feed" is no name of a plugin: .*; did you mean priceFeed\? \(ERR_PLUGIN\)\n$/,
  )
  expect(await refused('../evil')).toMatch(/"\.\.\/evil" is no name of a plugin/)
  expect(await refused('call')).toMatch(
    /"call" is no name of a plugin: .* and not then, call, apply \(ERR_PLUGIN\)\n$/,
  )
  expect(await readdir(cwd)).toEqual([])
  await mkdir(join(cwd, 'mine'))
  await writeFile(join(cwd, 'mine/thesis.txt'), 'precious')
  const before = await folderContent(cwd)
  expect(await refused('mine')).toMatch(
    /mine is there already, with thesis\.txt in it, .* \(ERR_PLUGIN_FOLDER\)\n$/,
  )
  expect(await refused('other', '--folder', 'mine/thesis.txt')).toMatch(
    /thesis\.txt cannot be made: .* \(ERR_FILE\)\n$/,
  )
  expect(await folderContent(cwd)).toEqual(before)
}, 60_000)

test('the package of a plugin is found by the conditions that the process was started with', async () => {
  const cwd = await temporaryFolder()
  const folder = join(cwd, 'node_modules/two-faced')
  await mkdir(folder, { recursive: true })
  const exports = { source: './source.js', default: './built.js' }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', exports }))
  await writeFile(join(folder, 'source.js'), 'throw new Error("read from the source")')
  const { code, stderr } = await runCli(['config', 'check', '--plugin', 'two-faced'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toMatch(/the plugin two-faced cannot be loaded: read from the source/)
})
