import { describe, expect, test } from 'vitest'
import {
  decodeCertificateFrame,
  encodeCertificateFrame,
  MAX_CERTIFICATE_BYTES,
  MAX_CERTIFICATE_FRAME_BYTES,
  MAX_TIME_MS,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { field } from './wire.ts'

const timeMs = 1_700_000_000_000

describe('a certificate frame', () => {
  test('may carry a certificate of the largest size', () => {
    const certificate = new Uint8Array(114 + 64 + MAX_CERTIFICATE_BYTES).fill(1)
    const bytes = encodeCertificateFrame({
      verdict: 'refused',
      reason: 'r'.repeat(64),
      timeMs: MAX_TIME_MS,
      certificate,
    })
    expect(bytes.length).toBeLessThanOrEqual(MAX_CERTIFICATE_FRAME_BYTES)
    expect(decodeCertificateFrame(bytes).certificate?.length).toBe(certificate.length)
  })

  test('over the limit is refused unread', async () => {
    const bytes = encodeCertificateFrame({
      verdict: 'none',
      reason: '',
      timeMs,
      certificate: new Uint8Array(MAX_CERTIFICATE_FRAME_BYTES).fill(1),
    })
    await expectProtocolError(() => decodeCertificateFrame(bytes), 'ERR_CERTIFICATE_SIZE')
  })

  test('with an unknown verdict is refused', async () => {
    for (const verdict of [3, 2 ** 32 - 1]) {
      await expectProtocolError(() => decodeCertificateFrame(field(2, verdict)), 'ERR_MALFORMED')
    }
  })

  test.each(['none', 'accepted'] as const)('gives no reason with the verdict %s', async (verdict) => {
    const bytes = encodeCertificateFrame({ verdict, reason: 'not-a-member', timeMs })
    await expectProtocolError(() => decodeCertificateFrame(bytes), 'ERR_MALFORMED')
  })

  test.each(['not-a-member', 'expired', 'a'.repeat(64)])('may be refused for %j', (reason) => {
    expect(decodeCertificateFrame(encodeCertificateFrame({ verdict: 'refused', reason, timeMs }))).toEqual({
      verdict: 'refused',
      reason,
      timeMs,
    })
  })

  test.each(['', 'Not a member', 'a\nb', '\u001b[2J', 'é', 'a'.repeat(65), '-a'])(
    'gives a code for a reason, not %j',
    async (reason) => {
      const bytes = encodeCertificateFrame({ verdict: 'refused', reason, timeMs })
      await expectProtocolError(() => decodeCertificateFrame(bytes), 'ERR_MALFORMED')
    },
  )

  test('may prove that it supersedes, as large as a certificate can be', () => {
    const proof = new Uint8Array(114 + 64 + MAX_CERTIFICATE_BYTES).fill(1)
    const frame = { verdict: 'refused', reason: 'superseded', timeMs: MAX_TIME_MS, proof } as const
    const bytes = encodeCertificateFrame(frame)
    expect(bytes.length).toBeLessThanOrEqual(MAX_CERTIFICATE_FRAME_BYTES)
    expect(decodeCertificateFrame(bytes)).toEqual(frame)
  })
})
