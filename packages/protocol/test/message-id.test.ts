import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeLogId, MAX_NUMBER, messageId, parseMessageId } from '../src/index.ts'
import { bytes, number } from './arbitraries.ts'
import { expectProtocolError } from './expect-protocol-error.ts'

const log = encodeLogId(new Uint8Array(16).fill(0x5a))

describe('a message id', () => {
  test('is a log id, a hyphen and the position', () => {
    expect(messageId(log, 42)).toBe(`${log}-42`)
    fc.assert(
      fc.property(bytes(16).map(encodeLogId), number(), (someLog, position) => {
        expect(parseMessageId(messageId(someLog, position))).toEqual({ log: someLog, position })
      }),
    )
  })

  test.each([
    '',
    log,
    `${log}-`,
    `${log}-01`,
    `${log}-00`,
    `${log}--1`,
    `${log}-+1`,
    `${log}- 1`,
    `${log}-1 `,
    `${log}-1\n`,
    `${log}-1.0`,
    `${log}-1e3`,
    `${log}-0x1`,
    `${log}_1`,
    `${log.toUpperCase()}-1`,
    `${log.slice(1)}-1`,
    `a${log}-1`,
    `${'a'.repeat(25)}b-1`,
    `${log}-${MAX_NUMBER + 1}`,
    `${log}-9999999999999999`,
    `${log}-10000000000000000`,
  ])('is not %j', async (text) => {
    await expectProtocolError(() => parseMessageId(text), 'ERR_MESSAGE_ID')
  })

  test('goes up to the largest position', () => {
    expect(parseMessageId(`${log}-9007199254740991`).position).toBe(MAX_NUMBER)
  })
})
