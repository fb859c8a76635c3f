import type { LoginAuth } from './auth.ts'

/** Who signs as one PastelID: a `Signer` of `@pastel-mesh/identity` is one, whatever holds the key. */
export interface PastelIdSigner {
  readonly pastelId: string
  /** The Ed448 signature, 114 bytes, over the UTF-8 bytes of the text. */
  sign(text: string, options?: { signal?: AbortSignal }): Promise<Uint8Array>
}

/**
 * Logs in with the key of a PastelID.
 *
 * @example
 * import { createLocalSigner, openKeyFile } from '@pastel-mesh/identity'
 *
 * createClient({ url, auth: pastelIdAuth(signer) })
 */
export function pastelIdAuth(signer: PastelIdSigner): LoginAuth {
  return {
    kind: 'pastelid',
    subject: signer.pastelId,
    sign: async (text, options) => base64url(await signer.sign(text, options)),
  }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}
