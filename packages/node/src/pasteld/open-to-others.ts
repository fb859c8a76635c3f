import { stat } from 'node:fs/promises'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'

export interface OpenFile {
  readonly path: string
  /** As `chmod` takes it. */
  readonly mode: string
}

/** Those of the files with passphrase and password that others may read; one that is not there is not its to say. */
export async function openToOthers({
  passphraseFile,
  passwordFile,
}: Pick<CheckedPasteld, 'passphraseFile' | 'passwordFile'>): Promise<OpenFile[]> {
  const found: OpenFile[] = []
  for (const path of new Set([passphraseFile, passwordFile])) {
    if (path === undefined) continue
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0
    if ((mode & 0o077) !== 0) found.push({ path, mode: (mode & 0o777).toString(8).padStart(3, '0') })
  }
  return found
}
