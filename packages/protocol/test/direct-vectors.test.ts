import { createDecipheriv, createHmac, createPublicKey, diffieHellman } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectRequest,
  decodeDirectResponse,
  decodePayload,
  encodeDirectRequest,
  encodeDirectResponse,
  encodeReceipt,
  makeReceiptEnvelope,
  openBatch,
  openDisclosure,
  openSealed,
  type Receipt,
  readReceipt,
  sealingKeyId,
  sha256,
  signedText,
  textOf,
  verifyReceipt,
} from '../src/index.ts'
import { sealPayloadWith } from '../src/sealing.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex, withHex } from './hex.ts'
import { testNodeKey } from './identities.ts'
import { toPrivateKey } from './sealing-keys.ts'
import { unhex } from './vectors/json.ts'

const folder = new URL('../../../docs/vectors/', import.meta.url)
const read = <T>(file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T

interface SealedVector {
  readonly recipient: { readonly publicKey: string; readonly privateKey: string }
  readonly keyId: string
  readonly info: string
  readonly ephemeralSeed: string
  readonly contentKey: string
  readonly salt: string
  readonly payload: string
  readonly associatedData: string
  readonly parts: Readonly<Record<'commitment' | 'keyId' | 'encapsulated' | 'wrapped' | 'content', string>>
  readonly sealed: string
  readonly envelope: string
  readonly disclosure: string
}
const [vector] = read<[SealedVector]>('sealed-payloads.json')
const recipient = {
  publicKey: unhex(vector.recipient.publicKey),
  privateKey: unhex(vector.recipient.privateKey),
}
const secret = unhex(vector.contentKey + vector.salt)
const { batch } = openBatch(unhex(vector.envelope))

test('the sealed payload is made, and opens', async () => {
  expect(hex(batch.payload)).toBe(vector.sealed)
  expect(sealingKeyId(recipient.publicKey)).toBe(vector.keyId)
  const randomness = { secret, ephemeralSeed: unhex(vector.ephemeralSeed) }
  const made = await sealPayloadWith(randomness, batch, unhex(vector.payload), recipient.publicKey)
  expect(hex(made.payload)).toBe(vector.sealed)
  expect(hex(await openSealed(batch, () => recipient))).toBe(hex(secret))
})

test('the disclosure shows what was sealed', async () => {
  const { messages, recipient: to } = await openDisclosure(unhex(vector.disclosure))
  expect(messages.map(textOf)).toEqual(['for you'])
  expect(batch.channel).toBe(`inbox/${to}`)
})

/** RFC 9180, base mode, with nothing of the library that seals: DHKEM(X25519), HKDF-SHA256, AES-256-GCM. */
function openByHand(encapsulated: Buffer, ciphertext: Buffer, info: Buffer, bound: Buffer): Buffer {
  const none = Buffer.alloc(0)
  const kem = Buffer.from('4b454d0020', 'hex')
  const hpke = Buffer.from('48504b45002000010002', 'hex')
  // HKDF-Extract is an HMAC with the salt for its key, and the first block of HKDF-Expand one too.
  const hmac = (key: Buffer, ...parts: Buffer[]) =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest()
  const extract = (suite: Buffer, salt: Buffer, label: string, ikm: Buffer) =>
    hmac(salt, Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm)
  const expand = (suite: Buffer, key: Buffer, label: string, context: Buffer, length: number) => {
    const size = Buffer.of(length >> 8, length & 255)
    const labeled = Buffer.concat([size, Buffer.from('HPKE-v1'), suite, Buffer.from(label), context])
    return hmac(key, labeled, Buffer.of(1)).subarray(0, length)
  }
  const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), encapsulated])
  const shared = diffieHellman({
    privateKey: toPrivateKey(recipient.privateKey),
    publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
  })
  const both = Buffer.concat([encapsulated, recipient.publicKey])
  const kemSecret = expand(kem, extract(kem, none, 'eae_prk', shared), 'shared_secret', both, 32)
  const context = Buffer.concat([
    Buffer.of(0),
    extract(hpke, none, 'psk_id_hash', none),
    extract(hpke, none, 'info_hash', info),
  ])
  const schedule = extract(hpke, kemSecret, 'secret', none)
  const key = expand(hpke, schedule, 'key', context, 32)
  return decrypt(key, expand(hpke, schedule, 'base_nonce', context, 12), ciphertext, bound)
}

function decrypt(key: Buffer, nonce: Buffer, ciphertext: Buffer, bound: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(bound)
  decipher.setAuthTag(ciphertext.subarray(-16))
  return Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()])
}

test('another implementation opens it by the specification alone', () => {
  const part = (name: keyof SealedVector['parts']) => unhex(vector.parts[name])
  const bound = unhex(vector.associatedData)
  const unwrapped = openByHand(
    part('encapsulated'),
    part('wrapped'),
    Buffer.from('pastel-mesh/seal/1'),
    bound,
  )
  expect(hex(unwrapped)).toBe(hex(secret))
  const payload = decrypt(unwrapped.subarray(0, 32), Buffer.alloc(12), part('content'), bound)
  expect(hex(payload)).toBe(vector.payload)
  expect(hex(sha256(Buffer.concat([unwrapped.subarray(32), payload])))).toBe(vector.parts.commitment)
  expect(decodePayload(payload, 1).map(textOf)).toEqual(['for you'])
})

test('receipts', async () => {
  const { valid, refused } = read<{
    valid: Readonly<Record<'nodeSeed' | 'bytes' | 'text' | 'signature' | 'envelope', string>>[] &
      { receipt: unknown }[]
    refused: { envelope: string; error: string }[]
  }>('receipts.json')
  for (const { nodeSeed, bytes, text, signature, envelope, receipt } of valid) {
    const value = readReceipt(unhex(envelope))
    expect(withHex(value)).toEqual(receipt)
    expect(hex(encodeReceipt(value))).toBe(bytes)
    expect(signedText('receipt', sha256(unhex(bytes)))).toBe(text)
    expect(hex(testNodeKey(unhex(nodeSeed)[0] as number).sign(text))).toBe(signature)
    expect(hex(makeReceiptEnvelope(unhex(signature), unhex(bytes)))).toBe(envelope)
    await verifyReceipt(unhex(envelope), value satisfies Receipt)
  }
  expect(refused.length).toBeGreaterThan(6)
  for (const { envelope, error } of refused) {
    await expectProtocolError(() => verifyReceipt(unhex(envelope), readReceipt(unhex(envelope))), error)
  }
})

test('direct frames', () => {
  interface Vector {
    readonly value: unknown
    readonly bytes: string
  }
  const { requests, responses } = read<{ requests: Vector[]; responses: Vector[] }>('direct-frames.json')
  expect(requests.length + responses.length).toBeGreaterThan(6)
  for (const { value, bytes } of requests) {
    const request: DirectRequest = decodeDirectRequest(unhex(bytes))
    expect(withHex(request)).toEqual(value)
    expect(hex(encodeDirectRequest(request))).toBe(bytes)
  }
  for (const { value, bytes } of responses) {
    const response: DirectResponse = decodeDirectResponse(unhex(bytes))
    expect(withHex(response)).toEqual(value)
    expect(hex(encodeDirectResponse(response))).toBe(bytes)
  }
})
