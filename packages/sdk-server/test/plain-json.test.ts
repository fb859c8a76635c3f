import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainJson, isUnambiguousJson } from '../src/plain-json.ts'

function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)]
}

describe('plain JSON', () => {
  it('is whatever JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        fc.pre(!text.includes('__proto__'))
        expect(isPlainJson(JSON.parse(text))).toBe(true)
      }),
    )
  })

  it.each([
    ['undefined', undefined],
    ['a number that JSON does not have', Number.NaN],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['a bigint', 1n],
    ['something of these inside', [{ a: undefined }]],
    ['a key that would become a prototype', JSON.parse('{"a":[{"__proto__":1}]}')],
  ])('is not %s', (_, value) => {
    expect(isPlainJson(value)).toBe(false)
  })

  it('is not what is small and has more values than any request: objects that are in many places', () => {
    let value: unknown = 1
    for (let level = 0; level < 60; level += 1) value = [value, value]
    expect(isPlainJson(value)).toBe(false)
    expect(isUnambiguousJson(value)).toBe(false)
  })

  it('has up to 64 levels', () => {
    expect(isPlainJson(nested(64))).toBe(true)
    expect(isPlainJson(nested(65))).toBe(false)
  })

  it('is unambiguous if JSON text gives it back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (isUnambiguousJson(value)) expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value)
      }),
    )
    expect(isUnambiguousJson({ a: [1, 'x', null] })).toBe(true)
    expect(isUnambiguousJson({ a: [-0] })).toBe(false)
    expect(isPlainJson({ a: [-0] })).toBe(true)
  })
})
