import type { CipherSuite } from '@hpke/core'
import { asBuffer } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'

/** Bytes of an X25519 key, public or private. */
export const SEALING_KEY_BYTES = 32

/** Bytes of a public sealing key's hash that stand for the key. */
export const KEY_ID_BYTES = 8

/** The X25519 key pair that messages to a PastelID are sealed to. */
export interface SealingKeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes. */
  readonly privateKey: Uint8Array
}

let suite: Promise<CipherSuite> | undefined

/** HPKE (RFC 9180), base mode. Loaded when it is first used: most processes read no direct messages. */
export function loadSuite(): Promise<CipherSuite> {
  suite ??= import('@hpke/core').then(
    ({ Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 }) =>
      new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
  )
  return suite
}

/** A new, random key pair. */
export async function generateSealingKey(): Promise<SealingKeyPair> {
  const { kem } = await loadSuite()
  const { publicKey, privateKey } = await kem.generateKeyPair()
  return {
    publicKey: new Uint8Array(await kem.serializePublicKey(publicKey)),
    privateKey: new Uint8Array(await kem.serializePrivateKey(privateKey)),
  }
}

/** What names a sealing key: 16 hexadecimal digits. */
export function sealingKeyId(publicKey: Uint8Array): string {
  return asBuffer(keyIdBytes(publicKey)).toString('hex')
}

/** The same as bytes: the first 8 of SHA-256(public key). */
export function keyIdBytes(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256(publicKey).subarray(0, KEY_ID_BYTES)
}

/**
 * A public sealing key as HPKE takes it.
 * @throws ProtocolError ERR_SEAL_KEY
 */
export async function toPublicKey(publicKey: Uint8Array) {
  const { kem } = await loadSuite()
  try {
    return await kem.deserializePublicKey(publicKey)
  } catch (cause) {
    throw new ProtocolError(
      'ERR_SEAL_KEY',
      `the sealing key of ${publicKey.length} bytes is no X25519 public key: expected 32 bytes`,
      { cause },
    )
  }
}
