import { dirname } from 'node:path'
import { MeshError, type PastelId, parsePastelId, type Signer } from '@pastel-mesh/identity'
import { type DataFolder, isThere } from './data-folder.ts'
import { type KeyStore, keyStore } from './key-store.ts'
import {
  explainWrong,
  findNewPassphrase,
  findPassphrase,
  type PassphrasePrompt,
  type PassphraseSources,
} from './passphrase.ts'
import { pmeshCommand } from './pmesh-command.ts'

export interface OpenIdentityOptions {
  /** The PastelID to use. @default the only one in the folder; a new one if there is none */
  readonly identity?: string | undefined
  /** A file with the passphrase, which is used before all other sources. */
  readonly passphraseFile?: string | undefined
  /** Asks for a passphrase that is nowhere else. @default nobody is asked */
  readonly prompt?: PassphrasePrompt | undefined
}

/**
 * The identity of a node. Made if the folder is new, with a random passphrase beside it if there is no passphrase and
 * nobody can be asked for one. A folder that was in use and has no key gets no other: its messages are of that one.
 *
 * The passphrase comes from `passphraseFile`, from `PMESH_PASSPHRASE`, from the file that `PMESH_PASSPHRASE_FILE`
 * names, from the file `passphrase` in the folder, or from the prompt. The file in the folder protects copies of the
 * key file alone, not of the whole folder.
 *
 * @throws MeshError ERR_IDENTITY_CHOICE, ERR_KEY_FILE_MISSING; the errors of `parsePastelId` and `readKeyFile`; ERR_KEY_FOLDER,
 * ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_FILE, ERR_PASSPHRASE_EMPTY, ERR_PASSPHRASE_DIFFERS
 */
export async function openIdentity(folder: DataFolder, options: OpenIdentityOptions = {}): Promise<Signer> {
  const { identity, passphraseFile: file, prompt } = options
  const keys = keyStore(folder)
  const sources: PassphraseSources = { file, kept: folder.passphrase, prompt }
  const found = await findKey(folder, identity)
  if (found !== undefined) return await openKey(keys, found, sources)
  // The key file is written last: a passphrase without one is left from a start that was cut short.
  const passphrase = await findNewPassphrase('the new PastelID', sources, folder.passphrase)
  const made = await keys.createFirst(passphrase.text)
  if (made !== undefined) return made
  // Another process started at the same moment, and was faster.
  return await openKey(keys, await chooseIdentity(keys, { folder: folder.keys, identity }), sources)
}

/**
 * The key that a node of a folder uses.
 * @returns undefined if the folder is new: one is to be made
 * @throws MeshError ERR_IDENTITY_CHOICE, ERR_KEY_FILE_MISSING, ERR_KEY_FOLDER, the errors of `parsePastelId`
 */
export async function findKey(
  folder: DataFolder,
  identity: string | undefined,
): Promise<PastelId | undefined> {
  const keys = keyStore(folder)
  // Before the keys: a first start writes this one after them, so that where it is, they were.
  const isUsed = await isThere(folder.nodeKey)
  const found = await findIdentity(keys, { folder: folder.keys, identity })
  if (found === undefined && isUsed) throw orphaned(folder)
  if (found !== undefined && identity !== undefined) await refuseMissing(keys, found, folder)
  return found
}

/** Who is named, and is not there, is not asked for a passphrase first. */
async function refuseMissing(keys: KeyStore, pastelId: PastelId, folder: DataFolder): Promise<void> {
  const path = keys.pathOf(pastelId)
  if ((await keys.list()).includes(pastelId)) return
  throw new MeshError(
    'ERR_KEY_FILE_MISSING',
    `there is no key file at ${path}, which "identity" names: ${bringBack(folder)}, or name another PastelID`,
  )
}

function orphaned(folder: DataFolder): MeshError {
  const { keys, nodeKey } = folder
  return new MeshError(
    'ERR_KEY_FILE_MISSING',
    `the key file of this node's PastelID is missing: ${nodeKey} shows that the folder was in use, and there is none in ${keys}: ${bringBack(folder)}, or make a new PastelID with "${pmeshCommand('id new', dirname(keys))}"`,
  )
}

function bringBack({ keys }: DataFolder): string {
  return `put it back, or bring it with "${pmeshCommand('id import FILE', dirname(keys))}"`
}

/** Opens one key of a folder. @throws MeshError as {@link openIdentity} */
export async function openKey(
  keys: KeyStore,
  pastelId: PastelId,
  sources: PassphraseSources,
): Promise<Signer> {
  const passphrase = await findPassphrase(`the key file ${keys.pathOf(pastelId)}`, sources)
  try {
    return await keys.open(pastelId, passphrase.text)
  } catch (error) {
    throw explainWrong(error, passphrase)
  }
}

/** Which identity is meant. */
export interface IdentityChoice {
  /** The folder of the keys, for messages. */
  readonly folder: string
  /** As somebody wrote it. @default the only one */
  readonly identity?: string | undefined
  /** How one says which, for the message. @default by setting `identity` */
  readonly how?: string
}

/** @throws MeshError ERR_IDENTITY_CHOICE, ERR_IDENTITY_MISSING, ERR_KEY_FOLDER, the errors of `parsePastelId` */
export async function chooseIdentity(keys: KeyStore, choice: IdentityChoice): Promise<PastelId> {
  const found = await findIdentity(keys, choice)
  if (found !== undefined) return found
  const dataDir = dirname(choice.folder)
  throw new MeshError(
    'ERR_IDENTITY_MISSING',
    `there is no key in ${choice.folder}: make one with "${pmeshCommand('id new', dataDir)}", or bring one with "${pmeshCommand('id import FILE', dataDir)}"`,
  )
}

/** @returns undefined if there is none */
async function findIdentity(
  keys: KeyStore,
  { folder, identity, how = 'set "identity" in pmesh.yaml, or --identity, to one of them' }: IdentityChoice,
): Promise<PastelId | undefined> {
  if (identity !== undefined) return parsePastelId(identity)
  const [only, ...others] = await keys.list()
  if (others.length === 0) return only
  throw new MeshError(
    'ERR_IDENTITY_CHOICE',
    `there are keys of ${others.length + 1} PastelIDs in ${folder}: ${[only, ...others].join(', ')}: ${how}`,
  )
}
