import { asBuffer } from './bytes.ts'

/** What a PastelID or a node key signs, each with a prefix of its own. Receipts are signed by node keys alone. */
export type SignedKind = 'batch' | 'certificate' | 'receipt'

/**
 * The ASCII text that a signature covers. It is a text, not bytes, so that a key which never leaves pasteld
 * can sign as well: `pastelid sign` signs texts.
 * @param hash SHA-256 of the encoded bytes
 */
export function signedText(kind: SignedKind, hash: Uint8Array): string {
  return `pastel-mesh/${kind}/1:${asBuffer(hash).toString('hex')}`
}
