import { randomBytes } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import {
  createLocalSigner,
  explainFileError,
  generateSeed,
  MeshError,
  readKeyFile,
  type Signer,
  writeDurableFile,
  writeKeyFile,
} from '@pastel-mesh/identity'
import type { DataFolder } from './data-folder.ts'

interface Passphrase {
  readonly text: string
  /** Where it comes from: for the message that it is wrong. */
  readonly source: string
}

const VARIABLE = 'PMESH_PASSPHRASE'

/**
 * The PastelID of a data folder; made, with a random passphrase beside it, if there is none.
 *
 * The passphrase comes from `PMESH_PASSPHRASE`, or from the file `passphrase` in the folder. The file protects
 * copies of the key file alone, not of the whole folder.
 *
 * @throws MeshError ERR_KEY_FILE_PASSPHRASE and the other errors of `readKeyFile`; ERR_PASSPHRASE_MISSING,
 * ERR_PASSPHRASE_FILE, ERR_PASSPHRASE_EMPTY
 */
export async function openIdentity(folder: DataFolder): Promise<Signer> {
  const { identityKey } = folder
  if (await isThere(identityKey)) return createLocalSigner(await readSeed(folder))
  // The key file is written last: a passphrase without one is left from a start that was cut short.
  const { text } = (await findPassphrase(folder)) ?? (await makePassphrase(folder))
  const seed = generateSeed()
  try {
    await writeKeyFile(identityKey, seed, text)
    return createLocalSigner(seed)
  } catch (error) {
    // Another process started at the same moment, and was faster.
    if (hasCode(error, 'ERR_KEY_FILE_EXISTS')) return createLocalSigner(await readSeed(folder))
    throw error
  }
}

async function readSeed(folder: DataFolder): Promise<Uint8Array> {
  const passphrase = await findPassphrase(folder)
  if (passphrase === undefined) {
    throw new MeshError(
      'ERR_PASSPHRASE_MISSING',
      `the passphrase of ${folder.identityKey} is neither in ${VARIABLE} nor in ${folder.passphrase}: put it into one of them`,
    )
  }
  try {
    return await readKeyFile(folder.identityKey, passphrase.text)
  } catch (cause) {
    if (!hasCode(cause, 'ERR_KEY_FILE_PASSPHRASE')) throw cause
    throw new MeshError(
      'ERR_KEY_FILE_PASSPHRASE',
      `the passphrase in ${passphrase.source} does not open the key file ${folder.identityKey}`,
      { cause },
    )
  }
}

async function findPassphrase({ passphrase: path }: DataFolder): Promise<Passphrase | undefined> {
  const variable = process.env[VARIABLE]
  const text = variable ?? (await readPassphraseFile(path))
  if (text === undefined) return undefined
  const source = variable === undefined ? path : VARIABLE
  if (text !== '') return { text, source }
  throw new MeshError('ERR_PASSPHRASE_EMPTY', `the passphrase in ${source} is empty: it protects nothing`)
}

async function readPassphraseFile(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw passphraseFileError(path, 'read', cause)
  }
}

async function makePassphrase(folder: DataFolder): Promise<Passphrase> {
  const text = randomBytes(24).toString('base64url')
  try {
    await writeDurableFile(folder.passphrase, `${text}\n`, { mode: 0o600, overwrite: false })
    return { text, source: folder.passphrase }
  } catch (cause) {
    const found = hasCode(cause, 'EEXIST') ? await findPassphrase(folder) : undefined
    if (found !== undefined) return found
    throw passphraseFileError(folder.passphrase, 'written', cause)
  }
}

function passphraseFileError(path: string, done: string, cause: unknown): MeshError {
  const message = `the passphrase file ${path} cannot be ${done}: ${explainFileError(cause)}`
  return new MeshError('ERR_PASSPHRASE_FILE', message, { cause })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    // What cannot be looked at may well be there; reading it says what is wrong.
    return !hasCode(error, 'ENOENT')
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as { code?: string }).code === code
}
