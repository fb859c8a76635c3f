import { createCipheriv, createDecipheriv, hkdfSync, scrypt } from 'node:crypto'
import { KEY_CHECK_BYTES, type ScryptParameters, TAG_BYTES } from './key-file-format.ts'
import { MeshError } from './mesh-error.ts'

const CIPHER = 'chacha20-poly1305'
const KEY_BYTES = 32

/** What a passphrase becomes: two values that say nothing about each other. */
export interface PassphraseKeys {
  /** 32 bytes; wiped by whoever asked for it, after use */
  readonly encryptionKey: Uint8Array
  /** 16 bytes; stored in the clear */
  readonly keyCheck: Uint8Array
}

/**
 * scrypt, then HKDF-SHA256 once per purpose. The passphrase is taken in Unicode form NFKC, so that the same
 * letters typed on another system give the same key.
 *
 * @throws {@link MeshError} `ERR_KEY_FILE_KDF` when scrypt cannot have the memory it needs
 */
export async function derivePassphraseKeys(
  passphrase: string,
  { N, r, p, salt }: ScryptParameters,
): Promise<PassphraseKeys> {
  const root = await new Promise<Buffer>((resolve, reject) => {
    // Exactly what OpenSSL counts against the limit, whose default of 32 MiB is too low.
    const maxmem = 128 * r * (N + p + 2)
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, { N, r, p, maxmem }, (cause, key) => {
      if (cause === null) return resolve(key)
      const message = `scrypt failed; it needs ${Math.ceil(maxmem / 2 ** 20)} MiB of free memory`
      reject(new MeshError('ERR_KEY_FILE_KDF', message, { cause }))
    })
  })
  const derive = (purpose: string, sizeBytes: number) =>
    new Uint8Array(hkdfSync('sha256', root, '', `pastel-mesh-key/1 ${purpose}`, sizeBytes))
  try {
    return { encryptionKey: derive('encryption', KEY_BYTES), keyCheck: derive('check', KEY_CHECK_BYTES) }
  } finally {
    root.fill(0)
  }
}

/** Encrypts; the result is the ciphertext and then the 16-byte tag. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  associatedText: string,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(associatedText), { plaintextLength: plaintext.length })
  return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
}

/** The plaintext, or undefined when ciphertext, tag, nonce, associated text and key do not belong together. */
export function unseal(
  key: Uint8Array,
  nonce: Uint8Array,
  associatedText: string,
  data: Uint8Array,
): Uint8Array | undefined {
  const ciphertext = data.subarray(0, -TAG_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(associatedText), { plaintextLength: ciphertext.length })
  decipher.setAuthTag(data.subarray(-TAG_BYTES))
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    return undefined
  }
  return new Uint8Array(plaintext)
}
