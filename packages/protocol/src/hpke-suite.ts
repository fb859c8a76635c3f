/**
 * HPKE (RFC 9180) as `@hpke/core` implements it, its three primitives computed by `node:crypto` where they are called.
 * By Web Crypto, which the library uses by itself, each of the nine steps of a seal goes through libuv's threads and
 * back: four times the CPU, and nine waits for a thread that verifies or writes to the disk just then.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import {
  Dhkem,
  HkdfSha256Native,
  KemId,
  type MontgomeryECDH,
  toUint8Array,
  XCurveDhkemPrimitives,
} from '@hpke/common'
import { type AeadEncryptionContext, Aes256Gcm, CipherSuite } from '@hpke/core'

type Bytes = ArrayBufferLike | ArrayBufferView

const KEY_BYTES = 32
const HASH_BYTES = 32
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
const NO_SALT = new Uint8Array(HASH_BYTES)

/** What RFC 8410 puts before the 32 bytes of a private key (PKCS #8) and of a public one (SubjectPublicKeyInfo). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

/** DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export function createSuite(): CipherSuite {
  return new CipherSuite({ kem: new X25519Kem(), kdf: new HmacKdf(), aead: new Gcm() })
}

class HmacKdf extends HkdfSha256Native {
  override async extract(salt: Bytes, ikm: Bytes): Promise<ArrayBuffer> {
    const key = salt.byteLength === 0 ? NO_SALT : viewOf(salt)
    return ownBuffer(createHmac('sha256', key).update(viewOf(ikm)).digest())
  }

  override async extractAndExpand(
    salt: Bytes,
    ikm: Bytes,
    info: Bytes,
    length: number,
  ): Promise<ArrayBuffer> {
    return hkdfSync('sha256', viewOf(ikm), viewOf(salt), viewOf(info), length)
  }
}

class X25519Kem extends Dhkem {
  override readonly secretSize = HASH_BYTES
  override readonly encSize = KEY_BYTES
  override readonly publicKeySize = KEY_BYTES
  override readonly privateKeySize = KEY_BYTES

  constructor() {
    const kdf = new HmacKdf()
    super(KemId.DhkemX25519HkdfSha256, new XCurveDhkemPrimitives('X25519', KEY_BYTES, x25519, kdf), kdf)
  }
}

class Gcm extends Aes256Gcm {
  override createEncryptionContext(key: Bytes): AeadEncryptionContext {
    const keyBytes = toUint8Array(key)
    return {
      seal: async (nonce, data, bound) => {
        const cipher = createCipheriv(CIPHER, keyBytes, viewOf(nonce)).setAAD(viewOf(bound))
        return ownBuffer(Buffer.concat([cipher.update(viewOf(data)), cipher.final(), cipher.getAuthTag()]))
      },
      open: async (nonce, data, bound) => {
        const sealed = viewOf(data)
        const decipher = createDecipheriv(CIPHER, keyBytes, viewOf(nonce), { authTagLength: TAG_BYTES })
          .setAAD(viewOf(bound))
          .setAuthTag(sealed.subarray(-TAG_BYTES))
        return ownBuffer(Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]))
      },
    }
  }
}

/** X25519 in the form in which `@hpke/common` takes a curve. OpenSSL refuses a shared secret of zeros. */
const x25519: MontgomeryECDH = {
  getPublicKey(secret) {
    // As JWK it is exported in a twentieth of the time that DER takes.
    const { x = '' } = createPublicKey(kept(secret, readPrivateKey)).export({ format: 'jwk' })
    return new Uint8Array(Buffer.from(x, 'base64url'))
  },
  getSharedSecret(secret, publicKey) {
    const keys = { privateKey: kept(secret, readPrivateKey), publicKey: kept(publicKey, readPublicKey) }
    return new Uint8Array(diffieHellman(keys))
  },
  scalarMult: (scalar, u) => x25519.getSharedSecret(scalar, u),
  scalarMultBase: (scalar) => x25519.getPublicKey(scalar),
  keygen: (seed = randomBytes(KEY_BYTES)) => {
    const secretKey = new Uint8Array(seed)
    return { secretKey, publicKey: x25519.getPublicKey(secretKey) }
  },
  utils: { randomSecretKey: async (seed = randomBytes(KEY_BYTES)) => new Uint8Array(seed) },
  GuBytes: Uint8Array.of(9, ...new Uint8Array(KEY_BYTES - 1)),
  lengths: { secretKey: KEY_BYTES, publicKey: KEY_BYTES, seed: KEY_BYTES },
}

/** Reading a key takes OpenSSL longer than computing with it: of keys that are used again it is kept as long as they are. */
const keyObjects = new WeakMap<Uint8Array, KeyObject>()

function kept(bytes: Uint8Array, read: (bytes: Uint8Array) => KeyObject): KeyObject {
  let key = keyObjects.get(bytes)
  if (key === undefined) {
    key = read(bytes)
    keyObjects.set(bytes, key)
  }
  return key
}

function readPrivateKey(secret: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, secret])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

function readPublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
}

/** The bytes themselves, not copied. */
function viewOf(bytes: Bytes): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}

/** Memory of its own: a Buffer may be a part of a larger one. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
