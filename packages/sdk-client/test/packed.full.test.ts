import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createLocalSigner, generateSeed, privateKeyObject } from '@pastel-mesh/identity'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import { makeFolder, removeFolder } from '../../node/test/fixtures/temporary-folder.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../../..')
const APPLICATION = ['application.ts', 'start.mjs']
const LIMIT_MS = 300_000

/** Runs a program of this repository's `node_modules/.bin`. */
async function runBin(name: string, args: readonly string[], cwd: string): Promise<string> {
  const bin = join(ROOT, 'node_modules/.bin')
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  return run(join(bin, name), args, { cwd, env }).then(
    ({ stdout }) => stdout,
    (error) => {
      throw new Error(`${name} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`)
    },
  )
}

describe(
  'the package, as it is published',
  () => {
    let tarball = ''
    /** An empty project outside the repository, in which it is installed. */
    let project = ''

    beforeAll(async () => {
      const folder = await makeFolder()
      project = join(folder, 'application')
      await mkdir(project)
      await run(process.execPath, [join(ROOT, 'scripts/build.mjs')])
      const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
        cwd: resolve(import.meta.dirname, '..'),
      })
      const packed = Object.values(JSON.parse(stdout))[0] as { filename: string }
      tarball = join(folder, packed.filename)
      await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
      const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
      await run(
        'npm',
        [
          'install',
          '--prefer-offline',
          '--no-audit',
          '--no-fund',
          tarball,
          `@types/node@${devDependencies['@types/node']}`,
        ],
        { cwd: project },
      )
      for (const name of APPLICATION) {
        await copyFile(join(import.meta.dirname, 'fixtures/application', name), join(project, name))
      }
      return () => removeFolder(folder)
    }, LIMIT_MS)

    test('has nothing that publint or attw complain of', async () => {
      await runBin('publint', ['run', tarball, '--strict'], project)
      await runBin('attw', [tarball, '--profile', 'esm-only'], project)
    })

    test('brings no part of the server', async () => {
      const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: project })
      const names = stdout
        .split('\n')
        .filter((path) => path.includes('@pastel-mesh') || /fastify|libp2p|zod/.test(path))
      expect(names.map((path) => path.slice(path.indexOf('@')))).toEqual(['@pastel-mesh/sdk-client'])
    })

    test.each([
      ['Node', { types: ['node'], lib: ['es2024', 'esnext.disposable', 'dom'] }],
      ['browsers', { types: [], lib: ['es2024', 'esnext.disposable', 'dom', 'dom.asynciterable'] }],
    ])('compiles for %s, strictly and with its declarations checked', async (_, options) => {
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        module: 'nodenext',
        target: 'es2024',
        outDir: 'built',
        ...options,
      }
      await writeFile(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: ['application.ts'] }),
      )
      await runBin('tsc', ['-p', project], project)
    })

    test('works with a node', async () => {
      const seed = generateSeed()
      const operator = createLocalSigner(seed)
      const port = await freePort()
      const node = await startNode({
        args: ['--api-listen', `127.0.0.1:${port}`, '--operator', operator.pastelId, '--topic', 'prices'],
      })
      onTestFinished(() => node.remove())
      const key = privateKeyObject(seed).export({ format: 'pem', type: 'pkcs8' })
      const { stdout } = await run(
        process.execPath,
        ['start.mjs', `http://127.0.0.1:${port}`, operator.pastelId],
        {
          cwd: project,
          env: { ...process.env, KEY: String(key) },
        },
      )
      expect(JSON.parse(stdout)).toEqual({
        first: expect.stringMatching(/-0$/),
        kinds: ['message', 'message'],
        role: 'operator',
        code: 'ERR_TOPIC_NAME',
      })
    })
  },
  LIMIT_MS,
)
