import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkPackageDirection } from '../direction-rule.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'package-direction-'))
})
afterEach(() => rm(root, { recursive: true }))

async function write(path: string, text: string): Promise<void> {
  const file = join(root, 'packages', path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

/** A package of one source file, with these dependencies. */
async function makePackage(name: string, dependencies: string[], source: string): Promise<void> {
  const manifest = { name: `@pastel-mesh/${name}`, dependencies: toVersions(dependencies) }
  await write(`${name}/package.json`, JSON.stringify(manifest, null, 2))
  await write(`${name}/src/index.ts`, source)
}

function toVersions(names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, '0.0.0']))
}

test('a tree that keeps to the order has no violations', async () => {
  await makePackage('identity', ['@scure/base'], "import { base32 } from '@scure/base'\n")
  await makePackage(
    'storage',
    ['@pastel-mesh/identity', 'level'],
    [
      "import { readFile } from 'node:fs/promises'",
      "import { Level } from 'level'",
      "export type { PastelId } from '@pastel-mesh/identity'",
      "import { part } from './part.ts'",
      "import { generated } from '../generated/part.js'",
      "// import '@pastel-mesh/bench'",
      '',
    ].join('\n'),
  )
  await write('storage/test/log.test.ts', "import { startMesh } from '@pastel-mesh/testkit'\n")
  await makePackage('testkit', ['@pastel-mesh/storage'], "export * from '@pastel-mesh/storage'\n")
  await makePackage('example-chat', ['@pastel-mesh/storage'], "import '@pastel-mesh/storage'\n")

  expect(checkPackageDirection(root)).toEqual({ violations: [], packages: 4, files: 4 })
})

test('an import of a package below is named with its line', async () => {
  await makePackage('protocol', ['@pastel-mesh/storage'], '')
  await makePackage('storage', [], '')
  await write(
    'protocol/src/deep/batch.ts',
    "/** No import here. */\nexport const a = 1\nexport { b } from '@pastel-mesh/storage'\n",
  )
  await write('protocol/src/later.ts', "export const load = () => import('@pastel-mesh/storage')\n")

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/protocol/package.json:4 depends on @pastel-mesh/storage, which is not above protocol',
    'packages/protocol/src/deep/batch.ts:3 imports @pastel-mesh/storage, which is not above protocol',
    'packages/protocol/src/later.ts:1 imports @pastel-mesh/storage, which is not above protocol',
  ])
})

test('a package does not import itself by name', async () => {
  await makePackage('storage', [], "import '@pastel-mesh/storage'\n")

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/storage/src/index.ts:1 imports @pastel-mesh/storage, which is not above storage',
  ])
})

test("an import goes through the other package's door", async () => {
  await makePackage('identity', [], '')
  await makePackage(
    'storage',
    ['@pastel-mesh/identity'],
    [
      "import { key } from '@pastel-mesh/identity/src/key.ts'",
      "import { name } from '../../identity/src/name.ts'",
      "import { root } from '/etc/passwd.ts'",
    ].join('\n'),
  )

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/storage/src/index.ts:1 imports @pastel-mesh/identity/src/key.ts, which goes past the door of @pastel-mesh/identity',
    'packages/storage/src/index.ts:2 imports ../../identity/src/name.ts, which leaves packages/storage',
    'packages/storage/src/index.ts:3 imports /etc/passwd.ts, which leaves packages/storage',
  ])
})

test('a source does not import from a test folder', async () => {
  await makePackage('identity', [], "import { fixture } from '../test/fixture.ts'\n")

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/identity/src/index.ts:1 imports ../test/fixture.ts, which is in a test folder',
  ])
})

test('what a source imports is declared in dependencies', async () => {
  await makePackage('identity', ['level'], "import 'level/sub'\nimport '@libp2p/crypto/keys'\nimport 'zod'\n")
  await write(
    'storage/package.json',
    JSON.stringify({ devDependencies: toVersions(['@pastel-mesh/identity', '@pastel-mesh/testkit']) }),
  )
  await write('storage/src/index.ts', "import '@pastel-mesh/identity'\n")

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/identity/src/index.ts:2 imports @libp2p/crypto/keys, which packages/identity/package.json does not declare in dependencies',
    'packages/identity/src/index.ts:3 imports zod, which packages/identity/package.json does not declare in dependencies',
    'packages/storage/src/index.ts:1 imports @pastel-mesh/identity, which packages/storage/package.json does not declare in dependencies',
  ])
})

test('the client has nothing of the server but its types', async () => {
  await makePackage('sdk-server', [], '')
  await makePackage(
    'sdk-client',
    ['@pastel-mesh/sdk-server'],
    "import type { AppRouter } from '@pastel-mesh/sdk-server'\nexport type {\n  A,\n} from '@pastel-mesh/sdk-server'\n",
  )
  await write('sdk-client/src/value.ts', "import { type A, appRouter } from '@pastel-mesh/sdk-server'\n")

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/sdk-client/package.json:4 depends on @pastel-mesh/sdk-server, of which it uses types alone: that belongs to devDependencies',
    'packages/sdk-client/src/value.ts:1 imports @pastel-mesh/sdk-server, of which it may use types alone, with `import type`',
  ])
})

test('nobody imports an example, and an example imports neither testkit nor bench', async () => {
  await makePackage('identity', [], '')
  await makePackage('testkit', ['@pastel-mesh/example-chat'], "import '@pastel-mesh/example-chat'\n")
  await makePackage('bench', ['@pastel-mesh/identity'], '')
  await makePackage(
    'example-chat',
    ['@pastel-mesh/bench'],
    "import '@pastel-mesh/testkit'\nimport '@pastel-mesh/bench'\n",
  )

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/example-chat/package.json:4 depends on @pastel-mesh/bench, which is for tests and benchmarks only',
    'packages/example-chat/src/index.ts:1 imports @pastel-mesh/testkit, which is for tests and benchmarks only',
    'packages/example-chat/src/index.ts:2 imports @pastel-mesh/bench, which is for tests and benchmarks only',
    'packages/testkit/package.json:4 depends on @pastel-mesh/example-chat, which is an example',
    'packages/testkit/src/index.ts:1 imports @pastel-mesh/example-chat, which is an example',
  ])
})

test('a package outside the order, and an import of a package that does not exist, are reported', async () => {
  await makePackage('identity', [], "import '@pastel-mesh/identify'\n")
  await makePackage('utilities', [], '')

  expect(checkPackageDirection(root).violations).toEqual([
    'packages/identity/src/index.ts:1 imports @pastel-mesh/identify, which is no package of this repository',
    'packages/utilities has no place in the order: give it one in scripts/direction-rule.ts',
  ])
})
