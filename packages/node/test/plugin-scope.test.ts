import { join, resolve } from 'node:path'
import { MeshError } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { type PluginFile, PluginScope } from '../src/plugins/plugin-scope.ts'

const CLONE = resolve(import.meta.dirname, '../../..')
const STORAGE = join(CLONE, 'packages/storage/src/commit-writer.ts')

function thrownBy(file: string | undefined, error: Error = new Error('x')): Error {
  const frame = file === undefined ? 'at afterConnect (node:net:20:16)' : `at run (file://${file}:1:2)`
  error.stack = `Error: ${error.message}\n    at emit (node:events:1:1)\n    ${frame}`
  return error
}

function ownerOf(
  error: unknown,
  plugins: readonly PluginFile[],
  {
    kind = 'exception',
    during,
  }: { readonly kind?: 'exception' | 'rejection'; readonly during?: string } = {},
) {
  const scope = new PluginScope()
  const look = () => scope.ownerOf(error, kind, plugins)
  return during === undefined ? look() : scope.run(during, look)
}

describe('an error that nobody caught', () => {
  const a = { name: 'a', file: '/etc/pmesh/a.ts' }
  const b = { name: 'b', file: '/etc/pmesh/b.ts' }

  it.each([
    ['of its module', a.file],
    ['of a file beside it', '/etc/pmesh/lib/db.ts'],
    ['of a package that it has', '/etc/pmesh/node_modules/pg/lib/client.js'],
  ])('is that of a plugin, if it is thrown out of a file %s', (_, file) => {
    for (const kind of ['exception', 'rejection'] as const)
      expect(ownerOf(thrownBy(file), [a], { kind })).toBe('a')
  })

  it('is that of whichever plugin of one folder threw it', () => {
    expect(ownerOf(thrownBy(b.file), [a, b], { during: 'a' })).toBe('b')
    expect(ownerOf(thrownBy('/etc/pmesh/shared.ts'), [a, b], { during: 'b' })).toBe('b')
    expect(ownerOf(thrownBy('/etc/pmesh/shared.ts'), [a, b])).toBe('a')
  })

  it('is that of a plugin whose socket fails, or that the node has refused something', () => {
    expect(ownerOf(thrownBy(undefined), [a], { during: 'a' })).toBe('a')
    const refusal = thrownBy(STORAGE, new MeshError('ERR_DISK_RESERVE', 'the disk is full'))
    expect(ownerOf(refusal, [a], { kind: 'rejection', during: 'a' })).toBe('a')
    expect(ownerOf('a text', [a], { kind: 'rejection', during: 'a' })).toBe('a')
  })

  it("is the node's otherwise, also when a plugin has called", () => {
    const fault = thrownBy(STORAGE, new TypeError('x is undefined'))
    for (const kind of ['exception', 'rejection'] as const) {
      expect(ownerOf(fault, [a], { kind, during: 'a' })).toBeUndefined()
      expect(ownerOf(fault, [a], { kind })).toBeUndefined()
    }
    expect(ownerOf(thrownBy(undefined), [a])).toBeUndefined()
    // A refusal that is thrown where it was not to be thrown.
    expect(ownerOf(thrownBy(STORAGE, new MeshError('ERR_X', 'x')), [a], { during: 'a' })).toBeUndefined()
  })

  it("of the node is not that of a plugin below whose folder the node lies, in which its packages are the node's too", () => {
    const inClone = { name: 'mine', file: join(CLONE, 'mine.ts') }
    expect(ownerOf(thrownBy(join(CLONE, 'lib/db.ts')), [inClone])).toBe('mine')
    expect(ownerOf(thrownBy(STORAGE), [inClone], { during: 'mine' })).toBeUndefined()
    const package_ = join(CLONE, 'node_modules/libp2p/index.js')
    expect(ownerOf(thrownBy(package_), [inClone], { during: 'mine' })).toBeUndefined()
    const example = { name: 'example', file: join(CLONE, 'packages/example-plugin/src/index.ts') }
    expect(ownerOf(thrownBy(example.file), [example])).toBe('example')
    expect(ownerOf(thrownBy(STORAGE), [example], { during: 'example' })).toBeUndefined()
  })

  it('is found by its frames, whatever others wrote into its message', () => {
    for (const message of [
      'remote said:\n    at x (file://host/a:1:1)',
      'remote said:\n    at x (file:///a%zz:1:1)',
      `remote said:\n    at x (${a.file}:1:1)`,
    ]) {
      expect(ownerOf(thrownBy(STORAGE, new TypeError(message)), [a], { during: 'a' })).toBeUndefined()
      expect(ownerOf(thrownBy(b.file, new Error(message)), [a, b])).toBe('b')
    }
    const changed = Object.assign(thrownBy(b.file), { message: 'said anew, and at length'.repeat(20) })
    expect(ownerOf(changed, [b])).toBe('b')
    const odd = Object.assign(new Error('x'), { stack: [{}] })
    expect(ownerOf(odd, [a])).toBeUndefined()
    expect(ownerOf(Object.create(null), [a], { during: 'a', kind: 'rejection' })).toBe('a')
  })
})
