import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError } from '@pastel-mesh/identity'
import { StorageError } from './errors.ts'

/** Names the process that has the directory open; LevelDB ignores the file. */
export const HOLDER_FILE = 'HOLDER'

/** Why a database cannot be opened, and what to do: ERR_STORE_LOCKED, ERR_STORE_OPEN. */
export async function explainOpenError(directory: string, error: unknown): Promise<StorageError> {
  const reason = (error as { cause?: Error }).cause ?? (error as Error)
  const { code } = reason as { code?: string }
  if (code === 'LEVEL_LOCKED') return locked(directory, error)
  const what =
    code === 'LEVEL_CORRUPTION'
      ? `${reason.message}: it is damaged: keep a copy of it, and move it away; the node then begins anew`
      : explainFileError(reason)
  return new StorageError('ERR_STORE_OPEN', `the database in ${directory} cannot be opened: ${what}`, {
    cause: error,
  })
}

async function locked(directory: string, cause: unknown): Promise<StorageError> {
  const holder = await readFile(join(directory, HOLDER_FILE), 'utf8').catch(() => '')
  const who = /^\d+\n$/.test(holder) ? `process ${holder.trim()}` : 'another process'
  return new StorageError(
    'ERR_STORE_LOCKED',
    `the database in ${directory} is in use by ${who}: stop that node, or give this one another directory`,
    { cause },
  )
}
