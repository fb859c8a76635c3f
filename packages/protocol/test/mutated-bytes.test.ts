import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../src/index.ts'
import { RUNS } from './arbitraries.ts'
import { codecs } from './codecs.ts'
import { hex } from './hex.ts'

type Mutation = (bytes: Uint8Array, at: number, other: Uint8Array) => Uint8Array

const mutations: Readonly<Record<string, Mutation>> = {
  'a flipped bit': (bytes, at, other) => {
    const copy = Uint8Array.from(bytes)
    copy[at] = (copy[at] as number) ^ (1 << ((other[0] as number) % 8))
    return copy
  },
  'bytes inserted': (bytes, at, other) => Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at)]),
  'bytes deleted': (bytes, at, other) =>
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + other.length)]),
  'the end cut off': (bytes, at) => bytes.slice(0, at),
  'bytes appended': (bytes, _at, other) => Buffer.concat([bytes, other]),
  'a part overwritten': (bytes, at, other) => {
    const copy = Uint8Array.from(bytes)
    copy.set(other.subarray(0, copy.length - at), at)
    return copy
  },
}

describe.each(codecs)('$name', (codec) => {
  test.each(Object.keys(mutations))('with %s is refused or is the encoding of what it says', async (name) => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        codec.values,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 12 }),
        async (value, seed, other) => {
          const bytes = codec.encode(value)
          if (bytes.length === 0) return
          const mutated = (mutations[name] as Mutation)(bytes, seed % bytes.length, other)
          if (hex(mutated) === hex(bytes)) return
          try {
            const decoded = await codec.decode(mutated, value)
            expect(hex(codec.encode(decoded))).toBe(hex(mutated))
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error
            refused++
          }
        },
      ),
      { numRuns: RUNS },
    )
    expect(refused).toBeGreaterThan(RUNS / 20)
  })
})
