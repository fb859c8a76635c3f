import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeLogId,
  encodePayload,
  MAX_NUMBER,
  MAX_TIME_MS,
  messageId,
  toWireMessage,
  wireMessageBytes,
} from '../src/index.ts'
import { messageInput, RUNS, time } from './arbitraries.ts'

const bound = (messages: ReturnType<typeof toWireMessage>[]) =>
  messages.reduce((sum, message) => sum + wireMessageBytes(message), 0)

describe('wireMessageBytes', () => {
  test('is never less than what messages take in a payload', () => {
    const message = fc.tuple(messageInput, time).map(([input, at]) => toWireMessage(input, at))
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 10 }), (messages) => {
        expect(encodePayload(messages).length).toBeLessThanOrEqual(bound(messages))
      }),
      { numRuns: RUNS },
    )
  })

  test('holds for the largest message, and for the one whose text grows most', () => {
    const headers = (value: string) =>
      Object.fromEntries(
        Array.from({ length: 32 }, (_, i) => [`${'a'.repeat(62)}${String(i).padStart(2, '0')}`, value]),
      )
    for (const [type, value] of [
      ['t'.repeat(128), 'v'.repeat(1024)],
      ['\uffff'.repeat(42), '\uffff'.repeat(341)],
      ['\u{10ffff}'.repeat(32), '\u{10ffff}'.repeat(256)],
      ['\uffff'.repeat(42), undefined],
    ] as const) {
      const message = toWireMessage(
        {
          bytes: new Uint8Array(256 * 1024),
          type,
          headers: value === undefined ? {} : headers(value),
          replyTo: messageId(encodeLogId(new Uint8Array(16)), MAX_NUMBER),
        },
        MAX_TIME_MS,
      )
      for (const repeats of ['', message.replyTo]) {
        const one = { ...message, repeats }
        expect(encodePayload([one]).length).toBeLessThanOrEqual(wireMessageBytes(one))
      }
    }
  })

  test('lets any legal message into an empty batch', () => {
    const message = toWireMessage({ bytes: new Uint8Array(256 * 1024), type: 't'.repeat(128) }, 1)
    expect(wireMessageBytes(message)).toBeLessThan(512 * 1024)
  })
})
