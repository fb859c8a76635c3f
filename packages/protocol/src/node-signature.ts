import { createPublicKey, verify } from 'node:crypto'
import { promisify } from 'node:util'

/** Bytes of an Ed25519 public key. */
export const NODE_KEY_BYTES = 32

/** DER prefix of an Ed25519 public key (RFC 8410). */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const verifyAsync = promisify(verify)

/** Whether a node key made an Ed25519 signature over a text. */
export async function verifyNodeSignature(
  key: Uint8Array,
  text: string,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    const spki = Buffer.concat([ED25519_SPKI_PREFIX, key])
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return await verifyAsync(null, Buffer.from(text, 'ascii'), publicKey, signature)
  } catch {
    return false
  }
}
