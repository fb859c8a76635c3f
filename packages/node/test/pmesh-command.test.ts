import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { pmeshCommand } from '../src/pmesh-command.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

it('a command to copy names the data folder, unless the command takes that one anyway', () => {
  vi.stubEnv('PMESH_DATA', undefined)
  expect(pmeshCommand('start', './.pmesh')).toBe('pmesh start')
  expect(pmeshCommand('start', join(process.cwd(), '.pmesh'))).toBe('pmesh start')
  expect(pmeshCommand('start', 'other')).toBe('pmesh start --data other')
  expect(pmeshCommand('id new', "/my node's")).toBe(`pmesh id new --data '/my node'\\''s'`)
  vi.stubEnv('PMESH_DATA', 'other')
  expect(pmeshCommand('start', 'other')).toBe('pmesh start')
  expect(pmeshCommand('start', './.pmesh')).toBe('pmesh start --data ./.pmesh')
})
