import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'

/** A new node key: Ed25519. It names the node (PeerId); the PastelID vouches for it with a certificate. */
export function generateNodeKey(): Promise<PrivateKey> {
  return generateKeyPair('Ed25519')
}

/** The bytes to keep a node key in a file: libp2p's protobuf form. */
export function nodeKeyToBytes(key: PrivateKey): Uint8Array {
  return privateKeyToProtobuf(key)
}

/** @throws MeshError ERR_NODE_KEY if the bytes are no key, or one of another kind */
export function nodeKeyFromBytes(bytes: Uint8Array): PrivateKey {
  let key: PrivateKey
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new MeshError('ERR_NODE_KEY', `the bytes are no node key: ${(cause as Error).message}`, { cause })
  }
  if (key.type === 'Ed25519') return key
  throw new MeshError('ERR_NODE_KEY', `the key is of the kind ${key.type}: a node key is an Ed25519 key`)
}
