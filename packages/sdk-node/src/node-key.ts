import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'

/** A new node key: Ed25519. It names the node (PeerId); the PastelID vouches for it with a certificate. */
export function generateNodeKey(): Promise<PrivateKey> {
  return generateKeyPair('Ed25519')
}

/** The bytes to keep a node key in a file: libp2p's protobuf form. */
export function nodeKeyToBytes(key: PrivateKey): Uint8Array {
  return privateKeyToProtobuf(key)
}

/** @throws if the bytes are no key */
export function nodeKeyFromBytes(bytes: Uint8Array): PrivateKey {
  return privateKeyFromProtobuf(bytes)
}
