import { sign as ed448Sign, getRandomValues } from 'node:crypto'
import { ED448_SEED_BYTES, privateKeyObject, publicKeyFromSeed } from './ed448.ts'
import { MeshError } from './mesh-error.ts'
import { encodePastelId, type PastelId } from './pastel-id.ts'

/** How a signature is asked for. */
export interface SignOptions {
  /** Gives up waiting; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Whoever can sign as one PastelID. An interface, and one that signs text, because some keys never leave
 * pasteld: it signs for us over RPC, text only, in tens to hundreds of milliseconds. So nothing above this
 * interface may ask for the private key, sign bytes, or count on a fast answer.
 *
 * It signs whatever it is given. Texts that begin with `pastel-mesh/` are this protocol's own; a path that
 * signs text which a caller supplied goes through `signCallerText`, which refuses those.
 */
export interface Signer {
  readonly pastelId: PastelId
  /** 57 bytes, the key inside {@link Signer.pastelId}. */
  readonly publicKey: Uint8Array
  /**
   * The Ed448 signature, 114 bytes, over the UTF-8 bytes of the text.
   *
   * @throws `MeshError` `ERR_SIGNATURE_TEXT` when the text has unpaired surrogates, so no UTF-8 form;
   * `ERR_SIGNATURE_ENGINE` when signing itself failed
   */
  sign(text: string, options?: SignOptions): Promise<Uint8Array>
}

/**
 * A signer whose key is in this process. Signs on libuv's thread pool, about 0.2 ms.
 *
 * @param seed 57 bytes; copied
 * @throws {@link MeshError} `ERR_SEED_LENGTH`
 * @example
 * import { createLocalSigner, encodeSignature, generateSeed } from '@pastel-mesh/identity'
 *
 * const signer = createLocalSigner(generateSeed())
 * console.log(signer.pastelId, encodeSignature(await signer.sign('hello')))
 */
export function createLocalSigner(seed: Uint8Array): Signer {
  const privateKey = privateKeyObject(seed)
  const publicKey = publicKeyFromSeed(seed)
  return {
    pastelId: encodePastelId(publicKey),
    publicKey,
    sign: (text, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        if (!text.isWellFormed()) {
          throw new MeshError(
            'ERR_SIGNATURE_TEXT',
            'the text to sign has an unpaired surrogate: it has no UTF-8 form that others could verify',
          )
        }
        const onAbort = () => reject(signal?.reason)
        signal?.addEventListener('abort', onAbort, { once: true })
        ed448Sign(null, Buffer.from(text, 'utf8'), privateKey, (cause, signature) => {
          signal?.removeEventListener('abort', onAbort)
          if (cause === null) resolve(new Uint8Array(signature))
          else reject(new MeshError('ERR_SIGNATURE_ENGINE', 'the text could not be signed', { cause }))
        })
      }),
  }
}

/**
 * 57 random bytes from the system: a new identity. Keep it with `writeKeyFile`; whoever has it is you.
 *
 * @example
 * import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
 *
 * console.log(createLocalSigner(generateSeed()).pastelId)
 */
export function generateSeed(): Uint8Array {
  return getRandomValues(new Uint8Array(ED448_SEED_BYTES))
}
