import { describe, expect, test } from 'vitest'
import { type Certificate, isCertificateOf, MAX_TIME_MS, openCertificate } from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex, withHex } from './hex.ts'
import { signCertificate, signCertificateBytes, testNodeKey, testSigner } from './identities.ts'
import { NOW, sampleCertificate } from './samples.ts'
import { certificateSchema } from './schemas.ts'
import { encodeBySchema } from './wire.ts'

const open = async (changes: Partial<Certificate>) =>
  openCertificate(await signCertificate(sampleCertificate(changes), testSigner(1), testNodeKey(1)))

/** With fields that our own encoder would not write. */
const openRaw = async (changes: object) => {
  const bytes = encodeBySchema(certificateSchema, { version: 1, ...sampleCertificate(), ...changes })
  return openCertificate(await signCertificateBytes(bytes, testSigner(1), testNodeKey(1)))
}

describe('a certificate', () => {
  test.each<[string, Partial<Certificate>]>([
    ['no network', { network: '' }],
    ['a bad network name', { network: 'Main' }],
    ['a subject of 56 bytes', { subject: new Uint8Array(56) }],
    ['a node key of 31 bytes', { nodeKey: new Uint8Array(31) }],
    ['a node key of 33 bytes', { nodeKey: new Uint8Array(33) }],
    ['an empty address', { addresses: [new Uint8Array(0)] }],
    ['an address of 513 bytes', { addresses: [new Uint8Array(513)] }],
    ['a bad topic name', { topics: ['good', '/bad'] }],
    ['an empty topic name', { topics: [''] }],
    ['a bad role name', { roles: ['Relay'] }],
    ['a sealing key of 31 bytes', { sealingKey: new Uint8Array(31) }],
    ['a sealing key of 33 bytes', { sealingKey: new Uint8Array(33) }],
    ['an empty mailbox', { mailboxes: [new Uint8Array(0)] }],
    ['a mailbox of 56 bytes', { mailboxes: [new Uint8Array(56)] }],
    ['a mailbox of 58 bytes', { mailboxes: [new Uint8Array(57), new Uint8Array(58)] }],
    ['a mailbox twice', { mailboxes: [new Uint8Array(57), Buffer.alloc(57, 1), new Uint8Array(57)] }],
    ['no serial', { serial: 0 }],
    ['no beginning', { notBeforeMs: 0 }],
    ['no end', { notAfterMs: 0 }],
    ['an end at its beginning', { notAfterMs: NOW }],
    ['an end before its beginning', { notAfterMs: NOW - 1 }],
  ])('with %s is refused', async (_what, changes) => {
    await expectProtocolError(() => open(changes), 'ERR_CERTIFICATE_FIELD')
  })

  test('of another version is refused', async () => {
    await expectProtocolError(() => openRaw({ version: 2 }), 'ERR_CERTIFICATE_FIELD')
  })

  test('may have a sealing key, and 16 mailboxes', async () => {
    const sealingKey = new Uint8Array(32).fill(1)
    const mailboxes = Array.from({ length: 16 }, (_, i) => new Uint8Array(57).fill(i))
    expect(withHex(await open({ sealingKey, mailboxes }))).toMatchObject({
      sealingKey: hex(sealingKey),
      mailboxes: mailboxes.map(hex),
    })
  })

  test('without a version is refused', async () => {
    await expectProtocolError(() => openRaw({ version: 0 }), 'ERR_CERTIFICATE_FIELD')
  })

  test('may have empty lists, and the longest life', async () => {
    const certificate = await open({
      addresses: [],
      topics: [],
      roles: [],
      sealingKey: new Uint8Array(0),
      mailboxes: [],
      serial: MAX_TIME_MS,
      notBeforeMs: 1,
      notAfterMs: MAX_TIME_MS,
    })
    expect(certificate).toMatchObject({
      addresses: [],
      topics: [],
      roles: [],
      mailboxes: [],
      serial: MAX_TIME_MS,
    })
    expect(certificate.sealingKey).toHaveLength(0)
  })

  test('of more than 32 KiB, or of none, is refused unread', async () => {
    const overhead = 114 + 64
    for (const length of [0, overhead, overhead + 32 * 1024 + 1]) {
      await expectProtocolError(() => openCertificate(new Uint8Array(length)), 'ERR_CERTIFICATE_SIZE')
    }
  })

  test('belongs to its node key', () => {
    expect(isCertificateOf(sampleCertificate(), testNodeKey(1).publicKey)).toBe(true)
    expect(isCertificateOf(sampleCertificate(), testNodeKey(2).publicKey)).toBe(false)
  })
})
