import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { SealingKeyPair } from '../src/index.ts'

const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** An X25519 key pair for tests, the same for the same number. */
export function testSealingKey(number: number): SealingKeyPair {
  const privateKey = new Uint8Array(32).fill(number)
  const spki = createPublicKey(toPrivateKey(privateKey)).export({ format: 'der', type: 'spki' })
  return { publicKey: new Uint8Array(spki.subarray(-32)), privateKey }
}

/** A raw X25519 private key as Node has it. */
export function toPrivateKey(bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: 'der', type: 'pkcs8' })
}
