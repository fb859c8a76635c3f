import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian keeps the programs of PostgreSQL, by version. */
const POSTGRESQL = '/usr/lib/postgresql'

/** A program, on the PATH or where Debian keeps it; undefined if it is not there. */
export function findBinary(name: string): string | undefined {
  const versions = existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).sort().reverse() : []
  const folders = versions.map((version) => join(POSTGRESQL, version, 'bin'))
  return [...folders, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
}
