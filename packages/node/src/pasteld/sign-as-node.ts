import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { MeshError, type PastelId, type Signer } from '@pastel-mesh/identity'
import { createPasteldSigner, type PasteldClient } from '@pastel-mesh/pasteld'

export interface SignAsNodeComponents {
  readonly signer: Signer
  /** Opens the key file of the node. @throws MeshError ERR_KEY_FILE_PASSPHRASE */
  readonly openKey: (pastelId: PastelId, passphrase: string) => Promise<Signer>
  /** The core that has the key; undefined: it is in the data folder. */
  readonly client: PasteldClient | undefined
}

export type SignAsNode = (
  text: string,
  passphrase: string,
  options: { readonly signal?: AbortSignal },
) => Promise<Uint8Array>

/**
 * Signs for who knows the passphrase of the node's key, and only then. Opening a key file takes 64 MiB and a quarter of a
 * second by design: it is done for one caller at a time, and not again for a passphrase that opened it, of which no more
 * than a keyed hash is remembered.
 */
export function signAsNode({ signer, openKey, client }: SignAsNodeComponents): SignAsNode {
  if (client !== undefined) return signInCore(signer.pastelId, client)
  const secret = randomBytes(32)
  let opened: Buffer | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const isOpened = (hash: Buffer) => opened !== undefined && timingSafeEqual(opened, hash)
  const assertOpens = async (hash: Buffer, passphrase: string, signal: AbortSignal | undefined) => {
    signal?.throwIfAborted()
    if (isOpened(hash)) return
    await openKey(signer.pastelId, passphrase)
    opened = hash
  }
  return async (text, passphrase, { signal }) => {
    const hash = createHmac('sha256', secret).update(passphrase).digest()
    if (!isOpened(hash)) {
      const opening = turn.then(() => assertOpens(hash, passphrase, signal))
      turn = opening.catch(() => {})
      await opening
    }
    return await signer.sign(text, signal === undefined ? {} : { signal })
  }
}

function signInCore(pastelId: PastelId, client: PasteldClient): SignAsNode {
  return async (text, passphrase, options) => {
    try {
      return await createPasteldSigner({ pastelId, passphrase }, { client }).sign(text, options)
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== 'ERR_PASTELD_PASSPHRASE') throw error
      throw new MeshError('ERR_KEY_FILE_PASSPHRASE', error.message, { cause: error })
    }
  }
}
