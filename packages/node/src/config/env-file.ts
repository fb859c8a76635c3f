import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { explainFileError } from '@pastel-mesh/identity'
import { ConfigError } from './config-error.ts'
import { wrongEnvLines } from './wrong-env-lines.ts'

/** Lines that are told of, each: the file may be something else. */
const MAX_WRONG_LINES = 5

/** The file `.env` of a folder. */
export interface EnvFile {
  readonly path: string
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Lines, counted from 1, that say nothing. */
  readonly wrongLines: readonly number[]
}

/**
 * The file `.env` of a folder; undefined if there is none.
 * @throws ConfigError if it cannot be read
 */
export function readEnvFile(folder: string): EnvFile | undefined {
  const path = join(folder, '.env')
  try {
    const text = readFileSync(path, 'utf8')
    return { path, variables: parseEnv(text), wrongLines: wrongEnvLines(text) }
  } catch (error) {
    // A folder of that name is somebody else's: Python people keep their packages in one.
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw new ConfigError([{ reason: `the file ${path} cannot be read: ${explainFileError(error)}` }])
  }
}

/** What is to be said of the lines that say nothing. Not what is on them: it may be a passphrase. */
export function wrongLineWarnings(envFile: EnvFile | undefined): string[] {
  if (envFile === undefined) return []
  const { path, wrongLines } = envFile
  const shown = wrongLines
    .slice(0, MAX_WRONG_LINES)
    .map((line) => `${path}:${line} is not NAME=VALUE, and is ignored`)
  const more = wrongLines.length - shown.length
  return more > 0 ? [...shown, `${path}: ${more} more lines are not NAME=VALUE`] : shown
}
