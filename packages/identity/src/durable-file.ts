import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface DurableFileOptions {
  /** Permissions of the new file, like `0o600`. */
  readonly mode: number
  /** Replace a file that exists; without it that is an `EEXIST`, also when two write at once. */
  readonly overwrite: boolean
}

/**
 * Writes a whole file so that at every moment, a power cut included, the path holds all of the old content or
 * all of the new; when it returns, the new is on disk. Throws the system's own errors.
 *
 * @example
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { writeDurableFile } from '@pastel-mesh/identity'
 *
 * const folder = await mkdtemp(join(tmpdir(), 'files-'))
 * await writeDurableFile(join(folder, 'passphrase'), 'correct horse', { mode: 0o600, overwrite: false })
 */
export async function writeDurableFile(
  path: string,
  content: string | Uint8Array,
  options: DurableFileOptions,
): Promise<void> {
  const folder = dirname(path)
  // In the same folder, because a rename is atomic only within one file system.
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    await writeSynced(temporary, content, options.mode)
    if (options.overwrite) await rename(temporary, path)
    // A rename would replace what another process wrote since anyone looked; a link never does.
    else await link(temporary, path)
  } finally {
    // A leftover is harmless, and must not hide the error that made it.
    await rm(temporary, { force: true }).catch(() => undefined)
  }
  await syncFolder(folder)
}

async function writeSynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable; syncing a file does not. Throws the system's own errors. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
