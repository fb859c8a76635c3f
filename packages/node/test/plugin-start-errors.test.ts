import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineTopic, json } from '@pastel-mesh/sdk-node'
import type { router } from '@pastel-mesh/sdk-server'
import { initTRPC, lazy } from '@trpc/server'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { definePlugin } from '../src/index.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const NODE = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const listen = ['/ip4/127.0.0.1/tcp/0']

/** A folder with a node and a plugin `greeter.ts` of this text. */
async function folderWith(text: string): Promise<string> {
  const folder = await temporaryFolder()
  await makeCheapIdentity(folder)
  await writeFile(join(folder, 'greeter.ts'), `import { definePlugin } from '${NODE}'\n${text}`)
  return folder
}

async function startIn(folder: string, ...args: string[]) {
  const flags = ['--listen', '127.0.0.1:0', '--log-format', 'json']
  return runCli(['start', '--data', folder, ...flags, ...args], { cwd: folder })
}

/** What comes of a controller with the plugin of this name in a folder. */
async function loadIn(folder: string, name: string): Promise<void> {
  const config = { dataDir: folder, listen, plugins: [name], pluginsFrom: folder }
  const controller = await createController(config)
  await controller.start().finally(() => controller.stop())
}

describe('a plugin', () => {
  it.each([
    ['throws as it is loaded', `throw new Error('no licence')`, /greeter\.ts cannot be loaded: no licence/],
    ['is no TypeScript', 'const = 1', /greeter\.ts cannot be loaded: /],
    [
      'has no plugin as its default export',
      'export default 1',
      /its default export is no plugin: write export default definePlugin/,
    ],
    [
      'is made with another copy of the package',
      'class DefinedPlugin {}; export default new DefinedPlugin()',
      /it was made with another copy of @pastel-mesh\/node/,
    ],
    [
      'has no name',
      `export default definePlugin({ name: 'My plugin' })`,
      /"My plugin" is no name of a plugin/,
    ],
  ])('that %s ends the start, and is named with the reason', async (_, text, message) => {
    await expect(loadIn(await folderWith(text), './greeter.ts')).rejects.toMatchObject({
      code: 'ERR_PLUGIN',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['./', /is a folder: name the file in it/],
    [
      '@acme/greeter',
      /the plugin @acme\/greeter cannot be loaded: there is no such package at .* or above it/,
    ],
  ])('that is not there does so too: %s', async (name, message) => {
    await expect(loadIn(await folderWith(''), name)).rejects.toMatchObject({
      code: 'ERR_PLUGIN',
      message: expect.stringMatching(message),
    })
  })
})

describe('pmesh start', () => {
  it.each([
    ['not there', undefined, /the plugin \.\/greeter\.ts cannot be loaded: there is no file .*greeter\.ts/],
    ['throwing as it is loaded', `throw new Error('no licence')`, /no licence \(.*greeter\.ts:2\)/],
    [
      'importing what is not there',
      `import 'not-there'; export default definePlugin({ name: 'greeter' })`,
      /greeter\.ts cannot be loaded: Cannot find package 'not-there'/,
    ],
    [
      'importing a package of this program that is not there',
      `import '@pastel-mesh/node'; export default definePlugin({ name: 'greeter' })`,
      /Cannot find package '@pastel-mesh\/node'.*; "pmesh plugin link .*" links it there/,
    ],
    [
      'throwing at its start',
      `export default definePlugin({ name: 'greeter', start: async () => { throw new Error('no database') } })`,
      /the plugin greeter \(\.\/greeter\.ts\) cannot be started: no database/,
    ],
  ])('with a plugin %s says so, and ends', async (_, text, reason) => {
    const folder = text === undefined ? await temporaryFolder() : await folderWith(text)
    const { code, stderr, stdout } = await startIn(folder, '--plugin', './greeter.ts')
    expect(stderr).toMatch(reason)
    expect(stdout).not.toContain('"event":"ready"')
    expect(code).toBe(1)
  })

  it('a package that is there and was not built says which file is missing', async () => {
    const folder = await folderWith('')
    const home = join(folder, 'node_modules/unbuilt')
    await mkdir(home, { recursive: true })
    const manifest = { name: 'unbuilt', type: 'module', exports: './dist/plugin.js' }
    await writeFile(join(home, 'package.json'), JSON.stringify(manifest))
    await expect(loadIn(folder, 'unbuilt')).rejects.toThrow(/Cannot find module '.*dist\/plugin\.js'/)
  })

  it('a package is found from the folder of pmesh.yaml, by its exports', async () => {
    const folder = await folderWith('')
    const home = join(folder, 'node_modules/@acme/greeter')
    await mkdir(home, { recursive: true })
    await writeFile(
      join(home, 'package.json'),
      JSON.stringify({ name: '@acme/greeter', type: 'module', exports: { import: './in/greeter.js' } }),
    )
    await mkdir(join(home, 'in'))
    await writeFile(
      join(home, 'in/greeter.js'),
      `import { definePlugin } from '${NODE}'
      export default definePlugin({ name: 'greeter', start: () => { throw new Error('found') } })`,
    )
    await writeFile(join(folder, 'pmesh.yaml'), 'plugins: ["@acme/greeter"]\n')
    const flags = ['--listen', '127.0.0.1:0', '--log-format', 'json']
    // From another directory.
    const { stderr } = await runCli(['start', '--data', folder, ...flags], { cwd: await temporaryFolder() })
    expect(stderr).toContain('the plugin greeter (@acme/greeter) cannot be started: found')
  })
})

describe('a controller', () => {
  const t = initTRPC.create()
  it.each([
    [
      'two of one name',
      [definePlugin({ name: 'one' }), definePlugin({ name: 'one' })],
      { code: 'ERR_PLUGIN', message: 'two plugins are named one: leave out one of them' },
    ],
    [
      'a router that cannot be made',
      [
        definePlugin({
          name: 'one',
          router: (): ReturnType<typeof router> => {
            throw new Error('no routes')
          },
        }),
      ],
      { code: 'ERR_PLUGIN', message: 'the plugin one cannot be started: no routes' },
    ],
    [
      'a procedure of which nobody says who may call it',
      [definePlugin({ name: 'one', router: t.router({ open: t.procedure.query(() => 1) }) as never })],
      {
        code: 'ERR_PLUGIN',
        message: expect.stringMatching(
          /^the plugin one cannot be started: .*ext\.one\.open does not state who may/,
        ),
      },
    ],
    [
      'a router of which nobody sees what is in it',
      [
        definePlugin({
          name: 'one',
          router: t.router({
            late: lazy(async () => t.router({ open: t.procedure.query(() => 1) })),
          }) as never,
        }),
      ],
      { code: 'ERR_PLUGIN', message: expect.stringContaining('ext.one.late is lazy') },
    ],
    [
      'an interval that is none',
      [definePlugin({ name: 'one', background: { tick: { every: '5', run: () => {} } } })],
      {
        code: 'ERR_PLUGIN',
        message: expect.stringContaining('background task tick: not a duration: add a unit: 5s'),
      },
    ],
    [
      'a clock expression that never comes',
      [definePlugin({ name: 'one', background: { tick: { cron: '0 0 30 2 *', run: () => {} } } })],
      { code: 'ERR_PLUGIN', message: expect.stringContaining('never comes') },
    ],
    [
      'a topic that is none',
      [definePlugin({ name: 'one', topics: { 'a topic': () => {} } })],
      { code: 'ERR_TOPIC_NAME' },
    ],
    [
      'a topic that is taken twice',
      [
        definePlugin({
          name: 'one',
          topics: {
            prices: () => {},
            again: { topic: defineTopic({ name: 'prices', codec: json(z.unknown()) }), run: () => {} },
          },
        }),
      ],
      { code: 'ERR_PLUGIN', message: expect.stringContaining('make jobs one.on.prices already') },
    ],
    [
      'a metric that is none',
      [definePlugin({ name: 'one', metrics: { 'no name': { type: 'counter', help: 'x' } } })],
      {
        code: 'ERR_PLUGIN',
        message: expect.stringContaining('the plugin one cannot be started: Invalid metric name'),
      },
    ],
    [
      'what is no plugin',
      [{ name: 'one' } as never],
      {
        code: 'ERR_PLUGIN',
        message: 'plugins[0] is no plugin: make it with definePlugin of this very package',
      },
    ],
  ])('does not start with %s', async (_, plugins, error) => {
    const dataDir = await temporaryFolder()
    const starting = createController({ dataDir, listen }, { plugins }).then((controller) =>
      controller.start().finally(() => controller.stop()),
    )
    await expect(starting).rejects.toMatchObject(error)
  })

  it('of which a part is misspelt, nothing is made at all', () => {
    const slip = { name: 'one', bakground: {} }
    expect(() => definePlugin(slip)).toThrow(
      'the plugin one has a part "bakground", which there is not: did you mean background?',
    )
  })

  it('of which a name is wrong, nothing is made at all', () => {
    for (const name of ['then', 'Greeter', 'my-plugin', '', 'x'.repeat(33)]) {
      expect(() => definePlugin({ name })).toThrow('is no name of a plugin')
    }
    expect(() => definePlugin({ name: 'one', jobs: { inbox: () => {} }, onMessage: () => {} })).toThrow(
      'the job inbox of the plugin one has the name of those that onMessage makes',
    )
    expect(() => definePlugin({ name: 'one', jobs: { 'a job': () => {} } })).toThrow(
      '"a job" of the plugin one is no name',
    )
  })
})
