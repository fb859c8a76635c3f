import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../src/config/load-config.ts'
import { shownPluginSettings } from '../src/config/plugin-sections.ts'
import { definePlugin } from '../src/index.ts'
import { checkSections } from '../src/plugins/check-sections.ts'
import { givenPlugins } from '../src/plugins/plugins.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const feed = definePlugin({
  name: 'priceFeed',
  config: z.strictObject({
    pair: z.string(),
    times: z.int().min(1).default(1),
    from: z.array(z.object({ url: z.url() })).default([]),
    apiKey: z.string().optional(),
  }),
})
const bare = definePlugin({ name: 'bare' })

/** What the plugins are set to by a file and variables. */
async function settings(yaml: string, env: Record<string, string> = {}) {
  const folder = await temporaryFolder()
  const file = join(folder, 'pmesh.yaml')
  await writeFile(file, yaml)
  const loaded = await loadConfig({ flags: {}, env, cwd: folder, configFile: file })
  const checked = () => checkSections(givenPlugins([feed, bare]), loaded.config.ext, loaded.origins)
  return { file, folder, loaded, checked }
}

describe('the section of a plugin', () => {
  it('is in the file, and in a variable whose keys win over those of the file', async () => {
    const { checked, loaded } = await settings(
      'network: trial\next:\n  priceFeed:\n    pair: PSL/USD\n    times: 3\n    from: [{ url: "https://a.example" }]\n',
      { PMESH_EXT_PRICE_FEED: '{pair: BTC/USD, apiKey: "123"}', PMESH_NETWORK: '' },
    )
    expect(Object.fromEntries(await checked())).toEqual({
      priceFeed: { pair: 'BTC/USD', times: 3, from: [{ url: 'https://a.example' }], apiKey: '123' },
      bare: undefined,
    })
    expect(loaded.warnings).toEqual([])
    expect(loaded.config.network).toBe('trial')
  })

  it('has its defaults where nothing is said of it', async () => {
    const only = definePlugin({ name: 'only', config: z.object({ text: z.string().default('x') }) })
    expect([...(await checkSections(givenPlugins([only]), {}))]).toEqual([['only', { text: 'x' }]])
  })

  it('that is wrong is named with key, value, line and reason, and no secret', async () => {
    const { checked, file } = await settings(
      'ext:\n  priceFeed:\n    times: 0\n    from:\n      - url: nowhere\n    apiKey: 5\n    sorce: x\n  bare:\n    a: 1\n  pricefeed: {}\n',
    )
    const error = await checked().then(
      () => expect.unreachable('it is right'),
      (cause: Error) => cause,
    )
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    const lines = error.message.split('\n').slice(1)
    expect(lines).toHaveLength(7)
    for (const line of [
      `ext.pricefeed (${file}:10): there is no plugin pricefeed: did you mean ext.priceFeed?`,
      `ext.priceFeed.pair (${file}:3): Invalid input: expected string, received undefined`,
      `ext.priceFeed.times 0 (${file}:3): Too small: expected number to be >=1`,
      `ext.priceFeed.from.0.url "nowhere" (${file}:5): Invalid URL`,
      `ext.priceFeed.apiKey (${file}:6): Invalid input: expected string, received number`,
      `ext.priceFeed.sorce "x" (${file}:7): there is no such key`,
      `ext.bare (${file}:9): the plugin bare has no settings`,
    ]) {
      expect(lines).toContain(line)
    }
  })

  it('is shown without what is secret, wherever it stands', async () => {
    const { loaded, checked } = await settings(
      'ext:\n  priceFeed:\n    pair: x\n    from:\n      - url: postgres://me:hunter2@db/x?token=hunter2\n        headers: { Authorization: hunter2 }\n    mnemonic: hunter2\n',
    )
    const rows = shownPluginSettings(loaded.config.ext)
    expect(rows.map(({ path, shown }) => `${path} ${shown}`)).toEqual([
      'ext.priceFeed.pair x',
      'ext.priceFeed.from [{"url":"postgres://me:***@db/x?token=***","headers":{"Authorization":"(secret)"}}]',
      'ext.priceFeed.mnemonic (secret)',
    ])
    await expect(checked()).rejects.toThrow('ext.priceFeed')
    const wrong = await settings('ext:\n  priceFeed:\n    pair: 5\n    from: [https://me:hunter2@x]\n')
    await expect(wrong.checked()).rejects.toThrow(/^((?!hunter2)[\s\S])*$/)
  })

  it('has no aliases, and a name that objects have is one like any other', async () => {
    await expect(settings('a: &x hello\next:\n  priceFeed:\n    pair: *x\n')).rejects.toThrow(
      /ext\.priceFeed\.pair \(.*:4\): aliases \(\*name\) are not taken here/,
    )
    await expect(settings('', { PMESH_EXT_PRICE_FEED: '{a: &x 1, b: *x}' })).rejects.toThrow(
      'not keys and values',
    )
    const odd = definePlugin({ name: 'constructor', config: z.object({ x: z.int().default(3) }) })
    expect([...(await checkSections(givenPlugins([odd]), {}))]).toEqual([['constructor', { x: 3 }]])
    expect([...(await checkSections(givenPlugins([definePlugin({ name: 'toString' })]), {}))]).toEqual([
      ['toString', undefined],
    ])
  })

  it('whose schema fails is named', async () => {
    const validate = () => {
      throw new Error('no licence server')
    }
    const odd = definePlugin({
      name: 'odd',
      config: { '~standard': { version: 1, vendor: 'test', validate } },
    })
    await expect(checkSections(givenPlugins([odd]), {})).rejects.toMatchObject({
      code: 'ERR_PLUGIN',
      message: 'the settings of the plugin odd cannot be checked: no licence server',
    })
  })

  it('is there once: a second one is named', async () => {
    await expect(settings('api:\n  listen: off\nnetwork: x\napi:\n')).rejects.toThrow(
      /pmesh\.yaml:4:1: the key api is further up already: write there what belongs to it/,
    )
  })

  it('is keys and values, in the file and in a variable', async () => {
    await expect(settings('ext: [1]\n')).rejects.toThrow(/^.*: ext \(.*:1\): not a section/)
    await expect(settings('ext:\n  priceFeed: yes\n')).rejects.toThrow(
      /ext\.priceFeed \(.*:2\): not a section/,
    )
    await expect(settings('', { PMESH_EXT_PRICE_FEED: 'secret' })).rejects.toThrow(
      'ext.priceFeed (PMESH_EXT_PRICE_FEED): not keys and values such as {greeting: hello, repeat: 3}',
    )
  })
})

describe('a plugin that is named', () => {
  it('in a file is looked for from its folder, in a flag or a variable from the current directory', async () => {
    const { loaded, folder } = await settings('plugins: [./greeter.ts]\n')
    expect(loaded.config).toMatchObject({ plugins: ['./greeter.ts'], pluginsFrom: folder })
    const places = { flags: {}, env: { PMESH_PLUGINS: './a.ts,@acme/b' }, cwd: folder, dataDir: 'data' }
    expect((await loadConfig(places)).config).toMatchObject({
      plugins: ['./a.ts', '@acme/b'],
      pluginsFrom: folder,
    })
    const inFolder = await loadConfig({ flags: { plugins: ['./c.ts'] }, env: {}, cwd: '/', dataDir: folder })
    expect(inFolder.config).toMatchObject({ plugins: ['./c.ts'], pluginsFrom: '/' })
  })

  it('is checked with the settings, shown with them, and what is another one now waits for a start', async () => {
    const folder = await temporaryFolder()
    const node = fileURLToPath(new URL('../src/index.ts', import.meta.url))
    await writeFile(
      join(folder, 'greeter.ts'),
      `import { definePlugin } from '${node}'
       setInterval(() => {}, 1000)
       const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) =>
         typeof value.greeting === 'string' ? { value } : { issues: [{ message: 'not a text', path: ['greeting'] }] } } }
       export default definePlugin({ name: 'greeter', config: schema })`,
    )
    const file = join(folder, 'greeter.yaml')
    const write = (greeting: string) =>
      writeFile(
        file,
        `plugins: [./greeter.ts]\next:\n  greeter:\n    greeting: ${greeting}\n    token: t0ps3cret\n`,
      )
    await write('1')
    const check = await runCli(['config', 'check', '--config', file, '--data', folder])
    expect(check.stderr).toContain(`ext.greeter.greeting 1 (${file}:4): not a text`)
    await write('hello')
    const print = await runCli(['config', 'print', '--config', file, '--data', folder])
    expect(print.stdout).toMatch(/^ext\.greeter\.greeting +hello +.*greeter\.yaml:4$/m)
    expect(print.stdout).toMatch(/^ext\.greeter\.token +\(secret\) +.*greeter\.yaml:5$/m)

    const running = await startNode({ args: ['--config', file] })
    onTestFinished(() => running.remove())
    await write('hi')
    const reloaded = await runCli(['config', 'reload', '--data', running.dataDir])
    expect(reloaded.stdout).toMatch(/with the next start +ext\.greeter\.greeting +hello → hi/)
    await write('7')
    const refused = await runCli(['config', 'reload', '--data', running.dataDir])
    expect(refused.stderr).toContain('ext.greeter.greeting 7')
    const shown = await runCli(['config', 'show', '--data', running.dataDir])
    expect(shown.stdout).toMatch(/ext\.greeter\.greeting +hello +.*hi with the next start/)
    expect(reloaded.stdout + shown.stdout + running.output()).not.toContain('t0ps3cret')
  })
})
