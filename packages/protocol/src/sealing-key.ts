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
  suite ??= import('./hpke-suite.ts').then(({ createSuite }) => createSuite())
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

/** A key as HPKE takes it. */
type HpkeKey = Awaited<ReturnType<CipherSuite['kem']['deserializePublicKey']>>

/** Those that were taken, as long as their bytes are kept: each is used for many messages. */
const imported = new WeakMap<Uint8Array, HpkeKey>()

/**
 * A public sealing key as HPKE takes it.
 * @throws ProtocolError ERR_SEAL_KEY
 */
export async function toPublicKey(publicKey: Uint8Array): Promise<HpkeKey> {
  const known = imported.get(publicKey)
  if (known !== undefined) return known
  const { kem } = await loadSuite()
  try {
    const key = await kem.deserializePublicKey(publicKey)
    imported.set(publicKey, key)
    return key
  } catch (cause) {
    throw new ProtocolError(
      'ERR_SEAL_KEY',
      `the sealing key of ${publicKey.length} bytes is no X25519 public key: expected 32 bytes`,
      { cause },
    )
  }
}

/** A private sealing key as HPKE takes it. */
export async function toPrivateKey(privateKey: Uint8Array): Promise<HpkeKey> {
  const known = imported.get(privateKey)
  if (known !== undefined) return known
  const { kem } = await loadSuite()
  const key = await kem.deserializePrivateKey(privateKey)
  imported.set(privateKey, key)
  return key
}
