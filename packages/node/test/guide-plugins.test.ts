import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { example, ROOT } from '../../queue/test/fixtures/example.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { gather } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const GUIDE = 'docs/guides/plugins.md'
const MAIN = join(ROOT, 'packages/node/src/cli/main.ts')
const run = promisify(execFile)

async function block(mark: string): Promise<string> {
  const text = await readFile(join(ROOT, GUIDE), 'utf8')
  const code = new RegExp(`<!-- ${mark} -->\\n\`\`\`\\w*\\n((?:.*\\n)*?)\`\`\``).exec(text)?.[1]
  if (code === undefined) throw new Error(`the guide has no block ${mark}`)
  return code
}

/** A folder with what a clone has, and a terminal in it, as the guide says. */
async function terminal() {
  const cwd = await temporaryFolder()
  const bin = join(cwd, 'bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  await writeFile(join(bin, 'pmesh'), `#!/bin/sh\nexec node '${MAIN}' "$@"\n`, { mode: 0o755 })
  await symlink(join(ROOT, 'node_modules'), join(cwd, 'node_modules'))
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  await makeCheapIdentity(join(cwd, '.pmesh'))
  const port = await freePort()
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PMESH_'))
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(inherited),
    PATH: `${bin}:${process.env.PATH}`,
    NODE_OPTIONS: '--conditions=source',
    // Others may run on this machine.
    NODE_URL: `http://127.0.0.1:${port}`,
    PMESH_API_LISTEN: `127.0.0.1:${port}`,
    PMESH_METRICS_LISTEN: 'off',
    PMESH_LISTEN: '/ip4/127.0.0.1/tcp/0',
  }
  return {
    cwd,
    /** Types a block, and waits for its end. */
    async type(mark: string): Promise<string> {
      const script = `set -e\n${await block(mark)}\necho "key: $PMESH_KEY"`
      const { stdout } = await run('bash', ['-c', script], { cwd, env })
      const [shown = '', key = ''] = stdout.split('key: ')
      // What is exported is there for what is typed next.
      env.PMESH_KEY = key.trim()
      return shown
    },
    /** Types a block that ends with a node, which goes on. */
    async start(mark: string) {
      const shell = spawn('bash', ['-c', `set -e\n${await block(mark)}`], { cwd, env, detached: true })
      const output = gather(shell.stdout)
      const errors = gather(shell.stderr)
      const closed = once(shell, 'close')
      const kill = (signal: NodeJS.Signals) => {
        if (shell.exitCode === null && shell.signalCode === null) process.kill(-(shell.pid ?? 0), signal)
      }
      onTestFinished(() => kill('SIGKILL'))
      const gone = new AbortController()
      closed.then(() => gone.abort(new Error(`it ended: ${output()}${errors()}`)))
      const says = (what: string | RegExp) =>
        waitUntil(() => (typeof what === 'string' ? output().includes(what) : what.test(output())), {
          what: `the node to say ${what}`,
          timeoutMs: 60_000,
          signal: gone.signal,
        })
      await says('"event":"ready"')
      return {
        says,
        async stop() {
          // As Ctrl-C does: all that the terminal runs.
          kill('SIGINT')
          await closed
          expect(output()).toContain('all parts have stopped')
        },
      }
    },
  }
}

test('whoever follows the guide has an endpoint, a job and a background task running, and called', async () => {
  const { cwd, type, start } = await terminal()
  for (const name of ['hello', 'ask']) await writeFile(join(cwd, `${name}.ts`), await example(GUIDE, name))
  const first = await start('shell: hello')
  await first.says(/"plugin":"hello".*tick|tick.*"plugin":"hello"/)
  expect(await type('shell: ask')).toMatch(/^hello from jX\w{84}\n$/)
  await first.stop()

  const second = await start('shell: new')
  const called = (await type('shell: call'))
    .replace(/jX\w{84}/, 'jX…')
    .replace(/greeter\.welcome:\w+/, 'greeter.welcome:…')
    .replace(/'\S+-0'/, "'…-0'")
    .replaceAll(/\s+/g, ' ')
  expect(called).toContain((await block('output: call')).replaceAll(/\s+/g, ' ').trim())
  expect(called).toMatch(/ greeter source .*procedure ext\.greeter\.hello .*job greeter\.welcome /)
  await second.says(/says: hello, everybody/)
  await second.says(/"plugin":"greeter".*tick|tick.*"plugin":"greeter"/)
  await second.stop()

  await writeFile(join(cwd, '.pmesh/pmesh.yaml'), await block('example: settings'))
  const check = await run('bash', ['-c', 'pmesh config print'], {
    cwd,
    env: {
      ...process.env,
      PATH: `${join(cwd, 'bin')}:${process.env.PATH}`,
      NODE_OPTIONS: '--conditions=source',
    },
  })
  expect(check.stdout).toMatch(/ext\.greeter\.greeting.*good day/)
}, 240_000)

test('what the guide and the README show is what the packages have', async () => {
  const read = (path: string) => readFile(join(ROOT, path), 'utf8')
  const [guide, readme] = [await read(GUIDE), await read('README.md')]
  const hello = await read('packages/example-plugin/src/index.ts')
  expect(await example(GUIDE, 'hello')).toBe(hello)
  expect(readme).toContain(`\`\`\`ts\n${hello}\`\`\``)
  const plugin = await read('packages/node/templates/plugin/plugin.ts')
  const excerpts = [...guide.matchAll(/<!-- excerpt -->\n```ts\n((?:.*\n)*?)```/g)].map(
    ([, code = '']) => code,
  )
  expect(excerpts).toHaveLength(7)
  for (const code of excerpts) expect(plugin).toContain(code)
})
