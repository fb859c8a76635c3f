import { asBuffer } from './bytes.ts'

/** What a PastelID signs, each with a prefix of its own. */
export type SignedKind = 'batch' | 'certificate'

/**
 * The ASCII text that a signature covers. It is a text, not bytes, so that a key which never leaves pasteld
 * can sign as well: `pastelid sign` signs texts.
 * @param hash SHA-256 of the encoded bytes
 */
export function signedText(kind: SignedKind, hash: Uint8Array): string {
  return `pastel-mesh/${kind}/1:${asBuffer(hash).toString('hex')}`
}
