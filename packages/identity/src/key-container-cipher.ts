import { createHmac } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { argon2id } from './argon2id.ts'
import type { KeyContainer, SecretType, SecureItem } from './key-container.ts'
import { MeshError } from './mesh-error.ts'

/** Bytes of a nonce that are the salt of the key derivation. */
export const SALT_BYTES = 16
const KEY_CHECK_BYTES = 8
const KEY_BYTES = 32

/** The core's cost, which is part of the format: no file can ask for more. About a quarter of a second. */
const PASSES = 2
const MEMORY_KIB = 64 * 1024

/**
 * How many of the 8 bytes of a key check have to match. Not all, so that one that is damaged itself still shows that
 * the passphrase is right; four fit by chance once in 60 million wrong passphrases.
 */
const MIN_CHECK_MATCHES = 4

/** Makes the 32-byte key of an item from passphrase and salt. A part that tests make quick. */
export type DeriveKey = (passphrase: string, salt: Uint8Array) => Promise<Uint8Array>

/**
 * Argon2id (version 1.3, one lane) over the UTF-8 bytes of the passphrase, as they are: the core does not bring
 * them into a Unicode normal form either.
 *
 * @param salt 16 bytes
 * @throws MeshError ERR_KEY_FILE_KDF when it cannot have its memory
 */
export async function deriveKey(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  try {
    return await argon2id({
      message: Buffer.from(passphrase, 'utf8'),
      salt,
      passes: PASSES,
      memoryKib: MEMORY_KIB,
      keyBytes: KEY_BYTES,
    })
  } catch (cause) {
    const message = `the key of the passphrase could not be derived; it needs ${MEMORY_KIB / 1024} MiB of free memory`
    throw new MeshError('ERR_KEY_FILE_KDF', message, { cause })
  }
}

/**
 * The nonce of an item that this program writes: the salt, which is random, and 8 bytes that only the right key gives.
 *
 * An item that does not open can have a wrong passphrase or be damaged, and the cipher alone cannot say which. The
 * last 8 bytes of the nonce are free in the core's format (it fills them at random), so they can hold a check of the
 * key: if it matches and the item does not open, the item is damaged. What makes a nonce safe is that no key sees it
 * twice; here each key is used once, since it comes from a salt that is, so the rest of the nonce may be anything.
 * To whoever guesses passphrases the check tells what the cipher's tag tells him anyway, after the same Argon2id.
 */
export function nonceWithCheck(salt: Uint8Array, key: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([salt, keyCheck(key)]))
}

/** @param nonce 24 bytes, never used with this key before */
export function sealItem(
  type: SecretType,
  secret: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
): SecureItem {
  return { type, nonce, data: xchacha20poly1305(key, nonce).encrypt(secret) }
}

/** The secrets of a container, by their types. Wiped by whoever asked for them. */
export type Secrets = { readonly pkey_ed448: Uint8Array } & Partial<Record<SecretType, Uint8Array>>

/** What comes of opening a container. */
export type Opened =
  | { readonly kind: 'open'; readonly secrets: Secrets }
  | { readonly kind: 'wrong-passphrase' }
  /** The passphrase is right, for something else shows it. */
  | { readonly kind: 'damaged'; readonly reason: string }

/**
 * Opens the items of a container: first the PastelID's key; the others with `all`, or when that one does not open, for
 * one that does shows that the passphrase is right.
 */
export async function openItems(
  container: KeyContainer,
  passphrase: string,
  { derive = deriveKey, all = false }: { derive?: DeriveKey; all?: boolean } = {},
): Promise<Opened> {
  // It cannot be written, and Argon2id refuses it.
  if (passphrase === '') return { kind: 'wrong-passphrase' }
  const secrets: Partial<Record<SecretType, Uint8Array>> = {}
  const closed: SecretType[] = []
  let isRight = false
  // The PastelID's first.
  const items = container.secureItems.toSorted(
    (one, other) => Number(other.type === 'pkey_ed448') - Number(one.type === 'pkey_ed448'),
  )
  for (const { type, nonce, data } of items) {
    if (type !== 'pkey_ed448' && !all && closed.length === 0) break
    const key = await derive(passphrase, nonce.subarray(0, SALT_BYTES))
    const secret = unseal(key, nonce, data)
    if (secret === undefined) closed.push(type)
    else secrets[type] = secret
    isRight ||= secret !== undefined || hasCheckOf(key, nonce)
    key.fill(0)
  }
  const { pkey_ed448 } = secrets
  if (closed.length === 0 && pkey_ed448 !== undefined) {
    return { kind: 'open', secrets: { ...secrets, pkey_ed448 } }
  }
  for (const secret of Object.values(secrets)) secret.fill(0)
  if (!isRight) return { kind: 'wrong-passphrase' }
  return { kind: 'damaged', reason: `the passphrase is right, but ${closed.join(' and ')} was altered` }
}

function unseal(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  try {
    return xchacha20poly1305(key, nonce).decrypt(data)
  } catch {
    return undefined
  }
}

function keyCheck(key: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update('pastel-mesh/key-check/1').digest().subarray(0, KEY_CHECK_BYTES)
}

function hasCheckOf(key: Uint8Array, nonce: Uint8Array): boolean {
  const stored = nonce.subarray(SALT_BYTES)
  const matches = keyCheck(key).filter((byte, index) => byte === stored[index]).length
  return matches >= MIN_CHECK_MATCHES
}
