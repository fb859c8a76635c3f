import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { importSpecifiers } from './import-specifiers.ts'

/** What says that the counts of the full form are wanted. */
const SWITCH = 'PMESH_TEST_FULL'

/** Test files that the normal form leaves out: they take long, and seldom find anything. */
export const FULL_ONLY = '**/*.full.test.ts'
const FULL_ONLY_ENDING = '.full.test.ts'

/**
 * The test files that do more in the full form: those that are in no other, and those that read the switch, or import
 * something of the tests that does. All others would do the same once more.
 */
export function fullTests(root: string, include: readonly string[]): string[] {
  const known = new Map<string, boolean>()
  const readsSwitch = (path: string): boolean => {
    const before = known.get(path)
    if (before !== undefined) return before
    known.set(path, false)
    const text = readFileSync(path, 'utf8')
    const reads = text.includes(SWITCH) || localImports(path, text).some(readsSwitch)
    known.set(path, reads)
    return reads
  }
  return globSync([...include], { cwd: root }).filter(
    (file) => file.endsWith(FULL_ONLY_ENDING) || readsSwitch(resolve(root, file)),
  )
}

function localImports(path: string, text: string): string[] {
  return importSpecifiers(text)
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith('.') && specifier.endsWith('.ts'))
    .map((specifier) => resolve(dirname(path), specifier))
    .filter((file) => existsSync(file))
}
