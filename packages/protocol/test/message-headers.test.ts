import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePayload, encodePayload, fromWireMessage, toWireMessage } from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { payloadSchema } from './schemas.ts'
import { encodeBySchema, field } from './wire.ts'

type Headers = readonly { readonly name: string; readonly value: string }[]

/** What a peer could send, whatever our own encoder would do. */
const receive = (headers: Headers) =>
  decodePayload(encodeBySchema(payloadSchema, { messages: [{ type: 'a', createdAt: 5, headers }] }), 1)[0]
    ?.headers

const named = (...names: string[]): Headers => names.map((name) => ({ name, value: 'v' }))
const send = (headers: Record<string, string>) => toWireMessage({ text: '', headers }, 1)

describe('headers that arrive', () => {
  test.each<[string, Headers]>([
    ['unsorted', named('b', 'a')],
    ['unsorted by bytes', named('a', 'a1', 'a-')],
    ['repeated', named('a', 'a')],
    ['repeated with another value', [...named('a'), { name: 'a', value: 'w' }]],
    ['without a name', named('')],
    ['with a name in upper case', named('Content')],
    ['with a name that begins with a hyphen', named('-a')],
    ['with an underscore', named('a_b')],
    ['with a space', named('a b')],
    ['with a line break', named('a\n')],
    ['with a name of 65 bytes', named('a'.repeat(65))],
    ['named __proto__', named('__proto__')],
    ['with a value of 1025 bytes', [{ name: 'a', value: 'v'.repeat(1025) }]],
    ['with a value of 1025 bytes in fewer characters', [{ name: 'a', value: `${'é'.repeat(512)}v` }]],
  ])('are refused when they are %s', async (_what, headers) => {
    await expectProtocolError(() => receive(headers), 'ERR_MESSAGE')
  })

  test('are refused with a value that is not UTF-8', async () => {
    const header = Buffer.concat([field(1, 'a'), field(2, Buffer.from('eda080', 'hex'))])
    const message = Buffer.concat([field(1, 'a'), field(4, 5), field(6, header)])
    await expectProtocolError(() => decodePayload(field(1, message), 1), 'ERR_MESSAGE')
  })

  test('may be 32, with names of 64 and values of 1024 bytes', () => {
    const headers = Array.from({ length: 32 }, (_, i) => ({
      name: `${'a'.repeat(62)}${String(i).padStart(2, '0')}`,
      value: 'é'.repeat(512),
    }))
    expect(Object.keys(receive(headers) ?? {})).toHaveLength(32)
  })

  test('are a plain object in which names of object properties mean nothing', () => {
    const headers = receive(named('constructor', 'tostring', 'valueof'))
    expect(headers).toEqual({ constructor: 'v', tostring: 'v', valueof: 'v' })
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype)
    expect({}.constructor).toBe(Object)
  })

  test('that are none are not an object that somebody could fill for all', () => {
    const none = receive([]) as Record<string, string>
    expect(() => {
      none.a = 'b'
    }).toThrow(TypeError)
    expect(receive([])).toEqual({})
  })
})

describe('headers to send', () => {
  test('are sorted by name and arrive whole', () => {
    const headers = fc.dictionary(
      fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,5}$/),
      fc.string({ unit: 'binary', maxLength: 20 }),
      {
        maxKeys: 32,
        noNullPrototype: true,
      },
    )
    fc.assert(
      fc.property(headers, (given) => {
        const wire = send(given)
        const names = wire.headers.map(({ name }) => Buffer.from(name))
        expect(names).toEqual(names.toSorted(Buffer.compare))
        expect(decodePayload(encodePayload([wire]), 1)[0]?.headers).toEqual(given)
      }),
    )
  })

  test('may be called constructor', () => {
    expect(fromWireMessage(send({ constructor: 'v' })).headers).toEqual({ constructor: 'v' })
  })

  test.each<[string, Record<string, string>]>([
    ['a name in upper case', { A: 'v' }],
    ['the name __proto__', JSON.parse('{"__proto__":"v"}') as Record<string, string>],
    ['no name', { '': 'v' }],
    ['a lone surrogate', { a: '\ud800' }],
    ['a value of 1025 bytes', { a: 'v'.repeat(1025) }],
    ['33 of them', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`h${i}`, 'v']))],
  ])('are refused with %s', (_what, headers) => {
    expect(() => send(headers)).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE' }))
  })
})
