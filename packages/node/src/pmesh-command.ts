import { resolve } from 'node:path'
import { defaultDataDir } from './default-data-dir.ts'

/**
 * A command for the reader to copy: it names the data folder, unless that is the one which the command takes anyway.
 * @param command what comes after `pmesh`
 * @example
 * pmeshCommand('start', 'other') // pmesh start --data other
 */
export function pmeshCommand(command: string, dataDir: string): string {
  const taken = process.env.PMESH_DATA || defaultDataDir()
  return `pmesh ${command}${resolve(taken) === resolve(dataDir) ? '' : ` --data ${quoted(dataDir)}`}`
}

/** As a shell takes it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
