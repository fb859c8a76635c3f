import { describe, expect, test } from 'vitest'
import {
  encodeCertificate,
  makeCertificateEnvelope,
  openCertificate,
  sha256,
  signedText,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'
import { signCertificate, testNodeKey, testSigner } from './identities.ts'
import { sampleCertificate } from './samples.ts'

const bytes = encodeCertificate(sampleCertificate())
const text = signedText('certificate', sha256(bytes))
const pastelSignature = await testSigner(1).sign(text)
const nodeSignature = testNodeKey(1).sign(text)

const refused = (first: Uint8Array, second: Uint8Array, content = bytes) =>
  expectProtocolError(
    () => openCertificate(makeCertificateEnvelope(first, second, content)),
    'ERR_CERTIFICATE_SIGNATURE',
  )

describe('a certificate', () => {
  test('is good when its PastelID and its node key signed it', async () => {
    const certificate = await openCertificate(makeCertificateEnvelope(pastelSignature, nodeSignature, bytes))
    expect(hex(certificate.subject)).toBe(hex(testSigner(1).publicKey))
    expect(hex(certificate.nodeKey)).toBe(hex(testNodeKey(1).publicKey))
  })

  test('is refused when another PastelID signed it', async () => {
    await refused(await testSigner(2).sign(text), nodeSignature)
  })

  test('is refused when another node key signed it', async () => {
    await refused(pastelSignature, testNodeKey(2).sign(text))
  })

  test('is refused when the two signatures are swapped', async () => {
    const swapped = Buffer.concat([nodeSignature, pastelSignature])
    await refused(swapped.subarray(0, 114), swapped.subarray(114))
  })

  test('is refused with the signatures of another certificate', async () => {
    const other = await signCertificate(sampleCertificate({ serial: 5 }), testSigner(1), testNodeKey(1))
    await refused(other.subarray(0, 114), nodeSignature)
    await refused(pastelSignature, other.subarray(114, 178))
  })

  test('is refused when a text of another kind was signed', async () => {
    const batchText = signedText('batch', sha256(bytes))
    await refused(await testSigner(1).sign(batchText), nodeSignature)
    await refused(pastelSignature, testNodeKey(1).sign(batchText))
  })

  test('is refused when somebody puts in his own node key', async () => {
    const mine = encodeCertificate(sampleCertificate({ nodeKey: testNodeKey(2).publicKey }))
    const mineText = signedText('certificate', sha256(mine))
    await refused(pastelSignature, testNodeKey(2).sign(mineText), mine)
  })

  test('is refused when somebody claims the node key of another', async () => {
    const claimed = encodeCertificate(sampleCertificate({ subject: testSigner(2).publicKey }))
    const claimedText = signedText('certificate', sha256(claimed))
    await refused(await testSigner(2).sign(claimedText), nodeSignature, claimed)
  })

  test('is refused with any bit of a signature flipped', async () => {
    const envelope = makeCertificateEnvelope(pastelSignature, nodeSignature, bytes)
    for (const at of [0, 56, 57, 112, 113, 114, 145, 146, 177]) {
      const changed = Uint8Array.from(envelope)
      changed[at] = (changed[at] as number) ^ 1
      await expectProtocolError(() => openCertificate(changed), 'ERR_CERTIFICATE_SIGNATURE')
    }
  })

  test('is refused with signatures of zeros, whatever the keys', async () => {
    const zeros = [new Uint8Array(114), new Uint8Array(64)] as const
    await refused(...zeros)
    for (const subject of [new Uint8Array(57), Uint8Array.of(1, ...new Uint8Array(56))]) {
      for (const nodeKey of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))]) {
        await refused(...zeros, encodeCertificate(sampleCertificate({ subject, nodeKey })))
      }
    }
  })
})
