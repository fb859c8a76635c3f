import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLogId, encodeLogId, logId, logIdPair } from '../src/index.ts'
import { bytes, channel } from './arbitraries.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Base32 after RFC 4648, bit by bit. */
function base32(value: Uint8Array): string {
  const bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[parseInt(five.padEnd(5, '0'), 2)]).join('')
}

describe('a log id', () => {
  test('is the beginning of the hash of sender, channel and run', () => {
    fc.assert(
      fc.property(bytes(57), channel, bytes(16), (sender, name, run) => {
        const whole = createHash('sha256')
          .update(Buffer.concat([sender, Buffer.from(name), run]))
          .digest()
        expect(hex(logIdPair(sender, name, run).bytes)).toBe(hex(whole.subarray(0, 16)))
        expect(logId(sender, name, run)).toBe(base32(whole.subarray(0, 16)))
      }),
    )
  })

  test('stands for 16 bytes, and they for it', () => {
    fc.assert(
      fc.property(bytes(16), (value) => {
        expect(encodeLogId(value)).toBe(base32(value))
        expect(hex(decodeLogId(encodeLogId(value)))).toBe(hex(value))
      }),
    )
  })

  test('has one spelling: the two unused bits of the last character are zero', async () => {
    for (const last of ALPHABET) {
      const text = `${'a'.repeat(25)}${last}`
      if (ALPHABET.indexOf(last) % 4 === 0) expect(encodeLogId(decodeLogId(text))).toBe(text)
      else await expectProtocolError(() => decodeLogId(text), 'ERR_LOG_ID')
    }
  })

  test.each([
    '',
    'a'.repeat(25),
    'a'.repeat(27),
    'A'.repeat(26),
    `${'a'.repeat(25)}1`,
    `${'a'.repeat(26)}\n`,
    ` ${'a'.repeat(26)}`,
    `${'a'.repeat(26)}======`,
  ])('is not %j', async (text) => {
    await expectProtocolError(() => decodeLogId(text), 'ERR_LOG_ID')
  })

  test('is any other text only with a ProtocolError', async () => {
    const alike = fc.stringMatching(/^[a-z2-7]{26}$/)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), alike), async (text) => {
        if (/^[a-z2-7]{25}[aeimquy4]$/.test(text)) expect(encodeLogId(decodeLogId(text))).toBe(text)
        else await expectProtocolError(() => decodeLogId(text), 'ERR_LOG_ID')
      }),
    )
  })
})
