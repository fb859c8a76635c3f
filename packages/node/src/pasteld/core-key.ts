import { setTimeout as delay } from 'node:timers/promises'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  createPasteldSigner,
  type PasteldClient,
  PasteldError,
  type PasteldSigner,
} from '@pastel-mesh/pasteld'
import { signedText } from '@pastel-mesh/protocol'
import { findPassphrase, type PassphrasePrompt } from '../passphrase.ts'

/** What ends by itself when the core runs, or has less to do. */
const PASSING: readonly string[] = [
  'ERR_PASTELD_UNREACHABLE',
  'ERR_PASTELD_WARMING_UP',
  'ERR_PASTELD_TIMEOUT',
  'ERR_PASTELD_BUSY',
]
/** A core that is being started takes minutes; asking it costs little. */
const AGAIN_MS = 2_000
/** Somebody waits for what is published: a core that is away for longer is told of, and not waited for. */
const BATCH_TIMEOUT_MS = 5_000
const BATCH_TEXT = signedText('batch', new Uint8Array(0))

/** Whether it ends by itself when the core is there. */
export function isPassing(error: unknown): error is PasteldError {
  return error instanceof PasteldError && PASSING.includes(error.code)
}

export interface CoreKeyOptions {
  readonly pastelId: PastelId
  readonly passphraseFile?: string | undefined
  /** Asks for a passphrase that is in no file. @default nobody is asked */
  readonly prompt?: PassphrasePrompt | undefined
}

/**
 * The signer of a PastelID whose key stays in the core. For certificates and logins it waits for a core that is away as
 * long as any call does; for what is published, some seconds.
 * @throws MeshError ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_FILE, ERR_PASTELD_PASSPHRASE: it is empty
 */
export async function openCoreKey(
  { pastelId, passphraseFile, prompt }: CoreKeyOptions,
  client: PasteldClient,
): Promise<PasteldSigner> {
  const passphrase = await corePassphrase(pastelId, passphraseFile, prompt)
  const patient = createPasteldSigner({ pastelId, passphrase }, { client })
  const quick = createPasteldSigner({ pastelId, passphrase, timeoutMs: BATCH_TIMEOUT_MS }, { client })
  return {
    ...patient,
    sign: (text, options) =>
      text.startsWith(BATCH_TEXT)
        ? quick.sign(text, options).catch((error: unknown) => {
            throw explainAway(error)
          })
        : patient.sign(text, options),
  }
}

/** A batch that is not signed is refused, and nobody tries it again. */
function explainAway(error: unknown): unknown {
  if (!isPassing(error)) return error
  const message = `${error.message}: the core signs for this node, so nothing was published`
  return new PasteldError(error.code, message, { cause: error })
}

/** Of a file or of the terminal alone: the variables are of the node's own key file. */
async function corePassphrase(
  pastelId: PastelId,
  file: string | undefined,
  prompt: PassphrasePrompt | undefined,
): Promise<string> {
  if (file !== undefined) return (await findPassphrase(`the key of ${pastelId}`, { file })).text
  if (prompt !== undefined) return await prompt(`Passphrase of ${pastelId} in the Pastel core: `)
  throw new MeshError(
    'ERR_PASSPHRASE_MISSING',
    `nothing says the passphrase of ${pastelId} in the Pastel core, and there is no terminal to ask on: put it into a file that pasteld.passphraseFile names`,
  )
}

export interface KeyWaitOptions {
  readonly signal: AbortSignal
  /** Hears once of each thing that is waited for. */
  readonly onWait: (line: string) => void
}

/**
 * Waits until the core signs: a node whose key is there can do nothing before.
 * @throws MeshError ERR_PASTELD_KEY, ERR_PASTELD_PASSPHRASE, ERR_PASTELD_AUTH and the like: waiting would not help
 */
export async function waitForKey(
  signer: PasteldSigner,
  client: PasteldClient,
  { signal, onWait }: KeyWaitOptions,
): Promise<void> {
  let told: string | undefined
  for (;;) {
    try {
      // A signature waits for the core by itself, and nobody would hear of it.
      await client.blockCount({ signal, waitForCore: false })
      return await signer.check({ signal })
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error
      if (told !== error.code) {
        onWait(`waits for the Pastel core at ${client.url} to sign as ${signer.pastelId}: ${error.message}`)
      }
      told = error.code
      await delay(AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
