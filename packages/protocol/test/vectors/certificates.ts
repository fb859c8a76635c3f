import {
  type Certificate,
  type CertificateFrame,
  encodeCertificate,
  encodeCertificateFrame,
  makeCertificateEnvelope,
  openCertificate,
  sha256,
  signedText,
} from '../../src/index.ts'
import { signCertificate, testNodeKey, testNodeSeed, testSeed, testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { testSealingKey } from '../sealing-keys.ts'
import { field } from '../wire.ts'
import { type Json, refusal, toJson, unhex } from './json.ts'

const full: Certificate = {
  network: 'example',
  subject: testSigner(1).publicKey,
  nodeKey: testNodeKey(3).publicKey,
  // /ip4/127.0.0.1/tcp/4001 and /dns4/node.example/tcp/443
  addresses: [unhex('047f000001060fa1'), unhex('360c6e6f64652e6578616d706c650601bb')],
  topics: ['prices', 'jobs/eu'],
  roles: ['relay'],
  sealingKey: testSealingKey(1).publicKey,
  mailboxes: [testSigner(2).publicKey, testSigner(4).publicKey],
  serial: NOW,
  notBeforeMs: NOW,
  notAfterMs: NOW + 86_400_000,
}

const bare: Certificate = {
  ...full,
  addresses: [],
  topics: [],
  roles: [],
  sealingKey: new Uint8Array(0),
  mailboxes: [],
  serial: NOW + 1,
}

export async function makeCertificates(): Promise<Json> {
  const valid = []
  for (const [name, certificate] of [
    ['every field', full],
    ['empty lists', bare],
  ] as const) {
    const bytes = encodeCertificate(certificate)
    const hash = sha256(bytes)
    const text = signedText('certificate', hash)
    const signature = await testSigner(1).sign(text)
    const nodeSignature = testNodeKey(3).sign(text)
    const envelope = makeCertificateEnvelope(signature, nodeSignature, bytes)
    const keys = { seed: testSeed(1), nodeSeed: testNodeSeed(3) }
    valid.push({ name, ...keys, certificate, bytes, hash, text, signature, nodeSignature, envelope })
  }
  return toJson({ valid, refused: await makeRefused() })
}

async function makeRefused() {
  const bytes = encodeCertificate(full)
  const text = signedText('certificate', sha256(bytes))
  const [signature, nodeSignature] = [await testSigner(1).sign(text), testNodeKey(3).sign(text)]
  const swapped = Buffer.concat([nodeSignature, signature])
  const envelopes: Record<string, Uint8Array> = {
    'signed by another PastelID': makeCertificateEnvelope(
      await testSigner(2).sign(text),
      nodeSignature,
      bytes,
    ),
    'signed by another node key': makeCertificateEnvelope(signature, testNodeKey(4).sign(text), bytes),
    'the signatures swapped': makeCertificateEnvelope(swapped.subarray(0, 114), swapped.subarray(114), bytes),
    'an unknown field': makeCertificateEnvelope(
      signature,
      nodeSignature,
      Buffer.concat([bytes, field(14, 1)]),
    ),
    'a sealing key of 31 bytes': await signCertificate(
      { ...full, sealingKey: full.sealingKey.subarray(1) },
      testSigner(1),
      testNodeKey(3),
    ),
    'a mailbox twice': await signCertificate(
      { ...full, mailboxes: [testSigner(2).publicKey, testSigner(2).publicKey] },
      testSigner(1),
      testNodeKey(3),
    ),
    'an end before the beginning': await signCertificate(
      { ...full, notAfterMs: NOW - 1 },
      testSigner(1),
      testNodeKey(3),
    ),
  }
  const refused = []
  for (const [name, envelope] of Object.entries(envelopes)) {
    refused.push({ name, envelope, error: await refusal(name, () => openCertificate(envelope)) })
  }
  return refused
}

/** What the two ends of a certificate stream say. */
export async function makeCertificateFrames(): Promise<Json> {
  const certificate = await signCertificate(bare, testSigner(1), testNodeKey(3))
  const timeMs = NOW + 5
  const frames: Record<string, CertificateFrame> = {
    'the dialer presents its certificate': { certificate, verdict: 'none', reason: '', timeMs },
    'the listener presents its own and accepts': { certificate, verdict: 'accepted', reason: '', timeMs },
    'the listener refuses': { verdict: 'refused', reason: 'not-a-member', timeMs },
    'the listener refuses and presents its own': {
      certificate,
      verdict: 'refused',
      reason: 'from-the-future',
      timeMs,
    },
    'the listener refuses and proves why': {
      verdict: 'refused',
      reason: 'superseded',
      timeMs,
      proof: certificate,
    },
    'the dialer accepts': { verdict: 'accepted', reason: '', timeMs },
    'the dialer refuses': { verdict: 'refused', reason: 'expired', timeMs },
  }
  return toJson(
    Object.entries(frames).map(([name, frame]) => ({ name, frame, bytes: encodeCertificateFrame(frame) })),
  )
}
