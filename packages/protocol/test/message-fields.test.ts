import { MeshError } from '@pastel-mesh/identity'
import { describe, expect, test } from 'vitest'
import {
  decodePayload,
  fromWireMessage,
  MAX_NUMBER,
  ProtocolError,
  toWireAgain,
  toWireMessage,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { payloadSchema } from './schemas.ts'
import { encodeBySchema, field } from './wire.ts'

const id = `${'a'.repeat(26)}-0`
const base = {
  type: 'a',
  contentType: 1,
  body: Buffer.from('hello'),
  createdAt: 5,
  replyTo: '',
  headers: [],
  repeats: '',
}

/** What a peer could send, whatever our own encoder would do. */
const receive = (changes: object) =>
  decodePayload(encodeBySchema(payloadSchema, { messages: [{ ...base, ...changes }] }), 1)[0]

describe('a message that arrives', () => {
  test('is read field by field', () => {
    const content = receive({ replyTo: id, headers: [{ name: 'a', value: 'b' }] })
    expect(content).toEqual({
      type: 'a',
      contentType: 'text',
      body: base.body,
      createdAtMs: 5,
      replyTo: id,
      headers: { a: 'b' },
    })
  })

  test('has no replyTo where it answers nothing', () => {
    expect(receive({})).not.toHaveProperty('replyTo')
  })

  test.each<[string, object]>([
    ['no type', { type: '' }],
    ['a type of 129 bytes', { type: 'a'.repeat(129) }],
    ['a type of 129 bytes in fewer characters', { type: `${'é'.repeat(64)}a` }],
    ['a control character in its type', { type: 'a\nb' }],
    ['an escape in its type', { type: '\u001b[2J' }],
    ['a DEL in its type', { type: '\u007f' }],
    ['an unknown content type', { contentType: 3 }],
    ['the largest content type', { contentType: 2 ** 32 - 1 }],
    ['no time', { createdAt: 0 }],
    ['a body over 256 KiB', { body: new Uint8Array(256 * 1024 + 1) }],
    ['a replyTo that is no message id', { replyTo: 'hello' }],
    ['repeating what is no message id', { repeats: 'hello' }],
    ['a replyTo in upper case', { replyTo: id.toUpperCase() }],
    ['a replyTo with a log id in another spelling', { replyTo: `${'a'.repeat(25)}b-0` }],
    ['a replyTo beyond the largest position', { replyTo: `${'a'.repeat(26)}-${MAX_NUMBER + 1}` }],
  ])('with %s is refused', async (_what, changes) => {
    await expectProtocolError(() => receive(changes), 'ERR_MESSAGE')
  })

  test.each([
    ['a lone surrogate', 'eda080'],
    ['a surrogate pair in six bytes', 'eda081edb080'],
    ['an over-long character', 'c1a1'],
    ['a character beyond the last', 'f4908080'],
    ['a continuation without a beginning', '80'],
    ['a character cut off', 'c3'],
  ])('with %s in its type is refused', async (_what, text) => {
    const message = Buffer.concat([field(1, Buffer.from(text, 'hex')), field(4, 5)])
    await expectProtocolError(() => decodePayload(field(1, message), 1))
    const longer = Buffer.concat([field(1, Buffer.from('61'.repeat(50) + text, 'hex')), field(4, 5)])
    await expectProtocolError(() => decodePayload(field(1, longer), 1))
  })

  test.each(['a', 'é'.repeat(64), '価格.更新', '😀', 'a'.repeat(128)])('may be of the type %j', (type) => {
    expect(receive({ type })?.type).toBe(type)
  })
})

describe('a message to send', () => {
  test('is of the type "message" unless it says otherwise', () => {
    expect(toWireMessage({ text: '' }, 1).type).toBe('message')
    expect(toWireMessage({ text: '', type: 'price' }, 1).type).toBe('price')
  })

  test.each<[string, Parameters<typeof toWireMessage>]>([
    ['an empty type', [{ text: '', type: '' }, 1]],
    ['a type with a control character', [{ text: '', type: 'a\0' }, 1]],
    ['a type with a lone surrogate', [{ text: '', type: 'a\ud800' }, 1]],
    ['a type that is too long', [{ text: '', type: 'é'.repeat(65) }, 1]],
    ['a replyTo that is no message id', [{ text: '', replyTo: 'x' }, 1]],
    ['no time', [{ text: '' }, 0]],
    ['a time before 1970', [{ text: '' }, -1]],
    ['a time with a fraction', [{ text: '' }, 1.5]],
    ['a time beyond the largest', [{ text: '' }, MAX_NUMBER + 1]],
    ['no number for a time', [{ text: '' }, Number.NaN]],
    ['an expiry at its creation', [{ text: '', expiresAtMs: 10 }, 10]],
    ['an expiry before its creation', [{ text: '', expiresAtMs: 9 }, 10]],
    ['an expiry with a fraction', [{ text: '', expiresAtMs: 10.5 }, 10]],
    ['an expiry beyond the largest time', [{ text: '', expiresAtMs: MAX_NUMBER + 1 }, 10]],
    ['no number for an expiry', [{ text: '', expiresAtMs: Number.NaN }, 10]],
  ])('is refused with %s, and nobody else is to blame', (_what, [input, at]) => {
    expect(() => toWireMessage(input, at)).toThrow(MeshError)
    expect(() => toWireMessage(input, at)).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE' }))
    expect(() => toWireMessage(input, at)).not.toThrow(ProtocolError)
  })

  test('may expire a millisecond after its creation', () => {
    expect(() => toWireMessage({ text: '', expiresAtMs: 11 }, 10)).not.toThrow()
  })

  test('is sent again as the same bytes, and names the one that it repeats', () => {
    const headers = { a: 'ü', 10: 'x', 2: 'y' }
    const wire = toWireMessage({ bytes: Uint8Array.of(0xff, 0), type: 't', replyTo: id, headers }, 7)
    const read = fromWireMessage(wire)
    expect(toWireAgain(read)).toEqual(wire)
    expect(fromWireMessage(toWireAgain(read, id))).toEqual({ ...read, repeats: id })
    expect(read).not.toHaveProperty('repeats')
  })

  test('keeps its replyTo', () => {
    expect(fromWireMessage(toWireMessage({ text: '', replyTo: id }, 1)).replyTo).toBe(id)
  })
})
