import {
  decodePastelId,
  decodeSignature,
  encodeSignature,
  MeshError,
  signCallerText,
  verifySignature,
} from '@pastel-mesh/identity'
import { dataFolder } from '../data-folder.ts'
import { keyStore } from '../key-store.ts'
import { chooseIdentity, openKey } from '../open-identity.ts'
import { PASSPHRASE_FLAG } from '../passphrase.ts'
import { describeError, json, print, warn } from './output.ts'
import { readText } from './read-text.ts'
import { terminalPrompt } from './terminal-prompt.ts'

export interface SignRequest {
  readonly dataDir: string
  /** @default the only one */
  readonly identity?: string | undefined
  /** `-` or nothing: the standard input. */
  readonly text?: string | undefined
  readonly passphraseFile?: string | undefined
  readonly asJson: boolean
}

/** Signs a text as a PastelID of a data folder, as `pastelid sign` of the core does. */
export async function signText(request: SignRequest): Promise<void> {
  const { dataDir, identity, passphraseFile: file, text, asJson } = request
  const folder = dataFolder(dataDir)
  const keys = keyStore(folder)
  const how = 'name one with --identity'
  const pastelId = await chooseIdentity(keys, { folder: folder.keys, identity, how })
  // Before the text: a terminal that has said where the text ends says nothing more.
  const sources = { file, flag: PASSPHRASE_FLAG, kept: folder.passphrase, prompt: terminalPrompt() }
  const signer = await openKey(keys, pastelId, sources)
  const signature = encodeSignature(await signCallerText(signer, await readText(text)))
  print(asJson ? json({ pastelId, signature }, 2) : signature)
}

export interface VerifyRequest {
  readonly pastelId: string
  readonly signature: string
  /** `-` or nothing: the standard input. */
  readonly text?: string | undefined
  readonly asJson: boolean
}

/** Tells whether a signature is a PastelID's over a text, and what is wrong if not. @returns whether it is */
export async function verifyText({ pastelId, signature, text, asJson }: VerifyRequest): Promise<boolean> {
  const error = await findFault(pastelId, signature, text)
  if (asJson) {
    const answer = error === undefined ? {} : { code: error.code, reason: error.message }
    print(json({ valid: error === undefined, pastelId, ...answer }, 2))
  } else if (error === undefined) print(`valid: ${pastelId} signed this text`)
  else warn(`not valid: ${describeError(error)}`)
  return error === undefined
}

async function findFault(pastelId: string, signature: string, text?: string): Promise<MeshError | undefined> {
  try {
    const publicKey = decodePastelId(pastelId)
    const bytes = decodeSignature(signature)
    if (await verifySignature(publicKey, await readText(text), bytes)) return undefined
  } catch (error) {
    if (error instanceof MeshError && /^ERR_(PASTELID|SIGNATURE_ENCODING)/.test(error.code)) return error
    throw error
  }
  return new MeshError(
    'ERR_SIGNATURE',
    'PastelID and signature are well formed, but the signature is not by that PastelID over this text',
  )
}
