import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect, test } from 'vitest'
import { generateNodeKey, nodeKeyFromBytes, nodeKeyToBytes } from '../src/node-key.ts'

test('a node key survives its bytes', async () => {
  const key = await generateNodeKey()
  expect(key.type).toBe('Ed25519')
  const copy = nodeKeyFromBytes(nodeKeyToBytes(key))
  expect(copy.equals(key)).toBe(true)
  expect(copy.publicKey.equals(key.publicKey)).toBe(true)
})

test.each([
  ['nothing', new Uint8Array(0)],
  ['random bytes', Uint8Array.from({ length: 68 }, (_, i) => (i * 31) % 256)],
  ['a key cut short', Uint8Array.of(8, 1, 18, 2, 1, 2)],
])('%s: is no node key', (_what, bytes) => {
  expect(() => nodeKeyFromBytes(bytes)).toThrow(expect.objectContaining({ code: 'ERR_NODE_KEY' }))
})

test('a key of another kind is no node key: certificates hold Ed25519 keys', async () => {
  const bytes = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
  expect(() => nodeKeyFromBytes(bytes)).toThrow(expect.objectContaining({ code: 'ERR_NODE_KEY' }))
})
