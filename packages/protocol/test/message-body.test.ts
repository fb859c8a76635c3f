import { MeshError } from '@pastel-mesh/identity'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromWireMessage, jsonOf, type MessageInput, textOf, toWireMessage } from '../src/index.ts'
import { hex } from './hex.ts'

const sent = (input: MessageInput) => fromWireMessage(toWireMessage(input, 1))

function expectMeshError(run: () => unknown, code: string): MeshError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError)
    expect((error as MeshError).code).toBe(code)
    return error as MeshError
  }
  return expect.fail(`expected ${code}`)
}

describe('a text', () => {
  test('arrives as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const content = sent({ text })
        expect(content.contentType).toBe('text')
        expect(hex(content.body)).toBe(hex(Buffer.from(text, 'utf8')))
        expect(textOf(content)).toBe(text)
      }),
    )
  })

  test.each(['\ufeff', '\ufeffhello', '', '\0', '\u{10ffff}', '\ufffd'])('%j is kept whole', (text) => {
    expect(textOf(sent({ text }))).toBe(text)
  })

  test.each(['\ud800', 'a\udc00b', '\udc00\ud800'])('%j, with a lone surrogate, is refused', (text) => {
    expectMeshError(() => toWireMessage({ text }, 1), 'ERR_MESSAGE')
  })

  test.each(['ff', 'c080', 'eda080', 'f4908080', '80', 'c3'])('the bytes %s are none', (body) => {
    expectMeshError(() => textOf({ body: Buffer.from(body, 'hex') }), 'ERR_MESSAGE_BODY')
  })
})

describe('a JSON body', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
        const content = sent({ json })
        expect(content.contentType).toBe('json')
        expect(jsonOf(content)).toEqual(JSON.parse(JSON.stringify(json)))
      }),
    )
  })

  test.each([null, false, 0, ''])('may be %j', (json) => {
    expect(jsonOf(sent({ json }))).toBe(json)
  })

  test('with a lone surrogate is escaped, so it stays UTF-8', () => {
    const content = sent({ json: '\ud800' })
    expect(textOf(content)).toBe('"\\ud800"')
    expect(jsonOf(content)).toBe('\ud800')
  })

  test('with a key __proto__ changes no prototype', () => {
    const body = Buffer.from('{"__proto__":{"polluted":true}}')
    const value = jsonOf({ body }) as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a bigint', 1n],
    ['a bigint inside', { a: [1n] }],
  ])('cannot be %s', (_what, json) => {
    expectMeshError(() => toWireMessage({ json }, 1), 'ERR_MESSAGE')
  })

  test('cannot hold itself', () => {
    const json: Record<string, unknown> = {}
    json.self = json
    expect(expectMeshError(() => toWireMessage({ json }, 1), 'ERR_MESSAGE').cause).toBeInstanceOf(TypeError)
  })

  test.each(['', '{', '{a:1}', '1 2', 'undefined'])('%j is none', (text) => {
    expectMeshError(() => jsonOf({ body: Buffer.from(text) }), 'ERR_MESSAGE_BODY')
  })
})

describe('bytes', () => {
  test('arrive as they were sent', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const content = sent({ bytes })
        expect(content.contentType).toBe('bytes')
        expect(hex(content.body)).toBe(hex(bytes))
      }),
    )
  })

  test('are copied: what the caller does to its own afterwards is not sent', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const wire = toWireMessage({ bytes }, 1)
    bytes.fill(0)
    expect(hex(wire.body)).toBe('010203')
  })
})

describe('a message', () => {
  test.each<[string, object]>([
    ['text and bytes', { text: 'a', bytes: Uint8Array.of(1) }],
    ['text and JSON', { text: 'a', json: 1 }],
    ['JSON and bytes', { json: 1, bytes: Uint8Array.of(1) }],
    ['nothing', {}],
  ])('with %s is refused', (_what, input) => {
    expectMeshError(() => toWireMessage(input as MessageInput, 1), 'ERR_MESSAGE')
  })

  test('may have a body of 256 KiB, not one byte more', () => {
    expect(sent({ bytes: new Uint8Array(256 * 1024) }).body.length).toBe(256 * 1024)
    const error = expectMeshError(() => sent({ bytes: new Uint8Array(256 * 1024 + 1) }), 'ERR_MESSAGE')
    expect(error.message).toContain('file')
    // What counts is bytes, not characters.
    expectMeshError(() => sent({ text: 'é'.repeat(128 * 1024 + 1) }), 'ERR_MESSAGE')
  })
})
