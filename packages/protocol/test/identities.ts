import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { createLocalSigner, type Signer } from '@pastel-mesh/identity'
import type { Certificate } from '../src/index.ts'
import { encodeCertificate, makeCertificateEnvelope, sha256, signedText } from '../src/index.ts'

/** A node key: Ed25519. */
export interface NodeKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  sign(text: string): Uint8Array
}

// Making a key takes longer than most of what is done with it, and properties ask for the same ones again and again.
const signers = new Map<number, Signer>()
const nodeKeys = new Map<number, NodeKey>()

/** A PastelID for tests, the same for the same number. */
export function testSigner(number: number): Signer {
  const signer = signers.get(number) ?? createLocalSigner(testSeed(number))
  signers.set(number, signer)
  return signer
}

/** The seed of a PastelID for tests. */
export function testSeed(number: number): Uint8Array {
  return new Uint8Array(57).fill(number)
}

/** A node key for tests, the same for the same number. */
export function testNodeKey(number: number): NodeKey {
  const made = nodeKeys.get(number) ?? makeNodeKey(number)
  nodeKeys.set(number, made)
  return made
}

function makeNodeKey(number: number): NodeKey {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const pkcs8 = Buffer.concat([prefix, testNodeSeed(number)])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (text) => sign(null, Buffer.from(text, 'ascii'), key),
  }
}

/** The seed of a node key for tests. */
export function testNodeSeed(number: number): Uint8Array {
  return new Uint8Array(32).fill(number)
}

/** Signs certificate bytes, whatever they are, with both keys. */
export async function signCertificateBytes(
  bytes: Uint8Array,
  signer: Signer,
  nodeKey: NodeKey,
): Promise<Uint8Array> {
  const text = signedText('certificate', sha256(bytes))
  return makeCertificateEnvelope(await signer.sign(text), nodeKey.sign(text), bytes)
}

export async function signCertificate(
  certificate: Certificate,
  signer: Signer,
  nodeKey: NodeKey,
): Promise<Uint8Array> {
  return signCertificateBytes(encodeCertificate(certificate), signer, nodeKey)
}
