import { MeshError } from './mesh-error.ts'
import type { Signer, SignOptions } from './signer.ts'

/** What every text begins with that this protocol signs: for batches, certificates and what may come. */
const RESERVED_START = 'pastel-mesh/'

/**
 * Signs a text that somebody handed in. Every path that signs such texts goes through here: one that passed on
 * whatever it is given could be made to sign a batch or a certificate in the node's name.
 *
 * @throws MeshError ERR_SIGNATURE_TEXT_RESERVED for a text that begins with `pastel-mesh/`; as {@link Signer.sign}
 * @example
 * import { createLocalSigner, generateSeed, signCallerText } from '@pastel-mesh/identity'
 *
 * const signature = await signCallerText(createLocalSigner(generateSeed()), 'hello')
 * console.log(signature.length) // 114
 */
export async function signCallerText(
  signer: Signer,
  text: string,
  options: SignOptions = {},
): Promise<Uint8Array> {
  if (text.startsWith(RESERVED_START)) {
    throw new MeshError(
      'ERR_SIGNATURE_TEXT_RESERVED',
      `texts that begin with ${RESERVED_START} are not signed for anybody: a node signs its own batches and certificates in that form`,
    )
  }
  return await signer.sign(text, options)
}
