import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { MeshError } from './mesh-error.ts'
import { PublicKeyCache } from './public-key-cache.ts'

/** The length of an Ed448 secret key (the RFC 8032 "private key", from which all else follows). */
export const ED448_SEED_BYTES = 57
/** The length of an Ed448 public key. */
export const ED448_PUBLIC_KEY_BYTES = 57
/** The length of an Ed448 signature. */
export const ED448_SIGNATURE_BYTES = 114

/** What RFC 8410 puts before the 57 bytes of a seed (PKCS #8) and of a public key (SubjectPublicKeyInfo). */
const PKCS8_PREFIX = Buffer.from('3047020100300506032b6571043b0439', 'hex')
const SPKI_PREFIX = Buffer.from('3043300506032b6571033a00', 'hex')

/**
 * Importing a key costs a fifth to a third of a verification, so known keys are kept. A KeyObject takes about
 * 0.5 KiB: 4096 of them are some 3 MiB, for far more members than send at one time; whoever makes up keys
 * only pushes out others, at the price of one import each.
 */
const MAX_CACHED_PUBLIC_KEYS = 4096

// A pure memo of a pure function, empty until first used: nobody can see that it is shared.
const publicKeys = new PublicKeyCache({ maxKeys: MAX_CACHED_PUBLIC_KEYS }, { importKey: publicKeyObject })

/**
 * The node:crypto form of a seed.
 *
 * @param seed 57 bytes
 * @throws {@link MeshError} `ERR_SEED_LENGTH`
 * @example
 * import { generateSeed, privateKeyObject } from '@pastel-mesh/identity'
 *
 * console.log(privateKeyObject(generateSeed()).asymmetricKeyType) // ed448
 */
export function privateKeyObject(seed: Uint8Array): KeyObject {
  if (seed.length !== ED448_SEED_BYTES) {
    throw new MeshError(
      'ERR_SEED_LENGTH',
      `an Ed448 seed has ${ED448_SEED_BYTES} bytes, this one has ${seed.length}`,
    )
  }
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/**
 * The node:crypto form of a raw public key. Whether it is a point of the curve shows only when it is used.
 *
 * @param publicKey 57 bytes
 * @throws {@link MeshError} `ERR_PUBLIC_KEY_LENGTH`
 * @example
 * import { generateSeed, publicKeyFromSeed, publicKeyObject } from '@pastel-mesh/identity'
 *
 * console.log(publicKeyObject(publicKeyFromSeed(generateSeed())).type) // public
 */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  if (publicKey.length !== ED448_PUBLIC_KEY_BYTES) {
    throw new MeshError(
      'ERR_PUBLIC_KEY_LENGTH',
      `an Ed448 public key has ${ED448_PUBLIC_KEY_BYTES} bytes, this one has ${publicKey.length}`,
    )
  }
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
}

/**
 * The raw public key, 57 bytes, that belongs to a seed.
 *
 * @param seed 57 bytes
 * @throws {@link MeshError} `ERR_SEED_LENGTH`
 * @example
 * import { generateSeed, publicKeyFromSeed } from '@pastel-mesh/identity'
 *
 * console.log(publicKeyFromSeed(generateSeed()).length) // 57
 */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKeyObject(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(SPKI_PREFIX.length))
}

/**
 * Whether `signature` is a pure Ed448 signature (RFC 8032, empty context) by `publicKey` over the UTF-8 bytes
 * of `text`. Bad input of any kind gives `false`: wrong lengths, a key that is no point of the curve or one of
 * its four low-order points (which would make one signature fit every text), a scalar that is not reduced, a
 * text with unpaired surrogates (which has no UTF-8 form).
 *
 * Runs on libuv's thread pool, about 0.25 ms of one thread. The pool is shared with file access, so whoever
 * verifies much limits how many are in flight.
 *
 * @param publicKey 57 bytes
 * @param signature 114 bytes
 * @throws {@link MeshError} `ERR_SIGNATURE_ENGINE` when the crypto library itself fails (out of memory), which
 * says nothing about the signature
 * @example
 * import { createLocalSigner, generateSeed, verifySignature } from '@pastel-mesh/identity'
 *
 * const signer = createLocalSigner(generateSeed())
 * const signature = await signer.sign('hello')
 * console.log(await verifySignature(signer.publicKey, 'hello', signature)) // true
 */
export async function verifySignature(
  publicKey: Uint8Array,
  text: string,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== ED448_PUBLIC_KEY_BYTES) return false
  if (signature.length !== ED448_SIGNATURE_BYTES) return false
  if (!text.isWellFormed()) return false
  const key = publicKeys.get(publicKey)
  return await new Promise((resolve, reject) => {
    // OpenSSL reports a bad point or scalar as a signature that does not match, never as an error.
    verify(null, Buffer.from(text, 'utf8'), key, signature, (cause, matches) => {
      if (cause === null) resolve(matches)
      else reject(new MeshError('ERR_SIGNATURE_ENGINE', 'the signature could not be checked', { cause }))
    })
  })
}
