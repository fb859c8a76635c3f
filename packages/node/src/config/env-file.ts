import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { explainFileError } from '@pastel-mesh/identity'
import { ConfigError } from './config-error.ts'

/** The file `.env` of a folder. */
export interface EnvFile {
  readonly path: string
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * The file `.env` of a folder; undefined if there is none.
 * @throws ConfigError if it cannot be read
 */
export function readEnvFile(folder: string): EnvFile | undefined {
  const path = join(folder, '.env')
  try {
    return { path, variables: parseEnv(readFileSync(path, 'utf8')) }
  } catch (error) {
    // A folder of that name is somebody else's: Python people keep their packages in one.
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw new ConfigError([{ reason: `the file ${path} cannot be read: ${explainFileError(error)}` }])
  }
}
