import {
  decodePastelId,
  MeshError,
  type PastelId,
  type Signer,
  type SignOptions,
  verifySignature,
} from '@pastel-mesh/identity'
import type { PasteldClient } from '../rpc/pasteld-client.ts'
import { PasteldError } from '../rpc/pasteld-error.ts'

export interface PasteldSignerOptions {
  readonly pastelId: PastelId
  /** Opens the key in the core; it goes nowhere else. */
  readonly passphrase: string
  /** How long a signature may take, with waiting for a core that is away or has much to do, in ms. @default that of the client */
  readonly timeoutMs?: number
}

export interface PasteldSignerComponents {
  readonly client: Pick<PasteldClient, 'sign' | 'pastelIds'>
}

/** A signer whose key never leaves the core. */
export interface PasteldSigner extends Signer {
  /**
   * Makes a signature, so that what is wrong shows at the start of a program and not with its first message.
   * @throws as {@link Signer.sign}
   */
  check(options?: SignOptions): Promise<void>
}

/** What is signed as a check; it begins like nothing that this protocol signs. */
const CHECKED_TEXT = 'Does the Pastel core sign with this key?'

/**
 * A signer that has the core sign (`pastelid sign`): tens to hundreds of milliseconds a signature, several at a time.
 * Every signature is verified here before it is given out, for one that does not verify must not get into a log.
 *
 * `sign` and `check` throw, besides what `Signer` says, MeshError ERR_PASTELD_KEY (the core has no such key),
 * ERR_PASTELD_PASSPHRASE (it does not open the key), ERR_PASTELD_SIGNATURE (what the core gave does not verify), and
 * what {@link PasteldClient} throws.
 *
 * @throws MeshError ERR_PASTELD_PASSPHRASE: it is empty; ERR_PASTELID_CHECKSUM and the like
 * @example
 * import { parsePastelId } from '@pastel-mesh/identity'
 * import { createPasteldClient, createPasteldSigner, findPasteldConfig } from '@pastel-mesh/pasteld'
 *
 * const client = createPasteldClient(await findPasteldConfig())
 * const pastelId = parsePastelId(process.argv[2] ?? '')
 * const signer = createPasteldSigner({ pastelId, passphrase: process.env.PASSPHRASE ?? '' }, { client })
 * await signer.check()
 */
export function createPasteldSigner(
  { pastelId, passphrase, timeoutMs }: PasteldSignerOptions,
  { client }: PasteldSignerComponents,
): PasteldSigner {
  const publicKey = decodePastelId(pastelId)
  if (passphrase === '') {
    throw new MeshError(
      'ERR_PASTELD_PASSPHRASE',
      `the passphrase of ${pastelId} is empty: keys of the core have one`,
    )
  }

  /** @returns what is wrong, for whoever is to mend it */
  const explain = async (error: unknown, options: SignOptions): Promise<unknown> => {
    if (!(error instanceof PasteldError) || error.code !== 'ERR_PASTELD_RPC') return error
    const known = await client.pastelIds(options)
    if (!known.includes(pastelId)) {
      const message = `the core has no key of ${pastelId}: look at "pastel-cli pastelid list"; its keys are in pastelkeys, in the folder of its network`
      return new MeshError('ERR_PASTELD_KEY', message, { cause: error })
    }
    const message = `the core has the key of ${pastelId} and does not sign with it: is the passphrase right? It says: ${error.rpcMessage}`
    return new MeshError('ERR_PASTELD_PASSPHRASE', message, { cause: error })
  }

  const sign = async (text: string, options: SignOptions = {}): Promise<Uint8Array> => {
    options.signal?.throwIfAborted()
    if (!text.isWellFormed()) {
      throw new MeshError(
        'ERR_SIGNATURE_TEXT',
        'the text to sign has an unpaired surrogate: it has no UTF-8 form that others could verify',
      )
    }
    let signature: Uint8Array
    try {
      signature = await client.sign(text, pastelId, passphrase, {
        ...options,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
    } catch (error) {
      throw await explain(error, options)
    }
    if (await verifySignature(publicKey, text, signature)) return signature
    throw new MeshError(
      'ERR_PASTELD_SIGNATURE',
      `what the core gave for a signature of ${pastelId} does not verify: it is not used; is this the core that has the key?`,
    )
  }

  return {
    pastelId,
    publicKey,
    sign,
    check: async (options) => {
      await sign(CHECKED_TEXT, options)
    },
  }
}
