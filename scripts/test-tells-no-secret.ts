import { afterAll, expect } from 'vitest'
import { watchForSecrets } from './secret-watch.ts'

/** Of the whole process, which runs many test files: each finds what was there before. */
const FOUND = Symbol.for('pmesh.secrets-in-logs')
const global = globalThis as { [FOUND]?: string[] }

if (global[FOUND] === undefined) {
  const found: string[] = []
  global[FOUND] = found
  watchForSecrets((where) => found.push(where))
  // Of what was found after the last file nobody would be told. The run searches this output as well.
  process.on('exit', () => {
    for (const where of found) process.stderr.write(`a secret is in a log: ${where}\n`)
    if (found.length > 0) process.exitCode = 1
  })
}

afterAll(() => expect(takeSecrets(), 'no secret is in a log').toEqual([]))

/** Where secrets were found since this was last called. */
export function takeSecrets(): string[] {
  return global[FOUND]?.splice(0) ?? []
}
