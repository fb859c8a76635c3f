import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../src/index.ts'
import { RUNS } from './arbitraries.ts'
import { codecs } from './codecs.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { field, varint } from './wire.ts'

/** Bytes that look like protobuf: small field numbers, all wire types, some lengths that are right. */
const almostProtobuf = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.integer({ min: 1, max: 16 }), fc.maxSafeNat())
        .map(([number, value]) => field(number, value)),
      fc
        .tuple(fc.integer({ min: 1, max: 16 }), fc.uint8Array({ maxLength: 60 }))
        .map(([number, value]) => field(number, value)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts) as Uint8Array)

const filled = (size: number, ...pattern: number[]) => Buffer.alloc(size, Buffer.from(pattern))

/** As large as the format allows, made to cost a decoder as much as can be. */
const hostile: Readonly<Record<string, (size: number) => Uint8Array>> = {
  'one endless varint': (size) => filled(size, 0xff),
  'groups inside groups': (size) => filled(size, 0x0b),
  'unknown groups inside groups': (size) => filled(size, 0xa3, 0x01),
  'ended groups without a beginning': (size) => filled(size, 0x0c),
  'a length of 4 GiB': () => Buffer.concat([varint((13 << 3) | 2), varint(2 ** 32 - 1), Buffer.alloc(64)]),
  'a length beyond 64 bits': () => Buffer.concat([varint((1 << 3) | 2), filled(12, 0xff)]),
  'empty fields 1': (size) => filled(size, 0x0a, 0x00),
  'empty fields 2': (size) => filled(size, 0x12, 0x00),
  'empty fields 3': (size) => filled(size, 0x1a, 0x00),
  'empty fields 5': (size) => filled(size, 0x2a, 0x00),
  'empty fields 6': (size) => filled(size, 0x32, 0x00),
  'unknown numbers': (size) => filled(size, 0x78, 0x01),
  'one text that is not UTF-8': (size) => field(2, filled(size - 8, 0xf8, 0x80, 0xed, 0xa0)),
  'a message that is longer than its parent': () =>
    field(2, Buffer.concat([varint((1 << 3) | 2), varint(2 ** 31)])),
}

describe.each(codecs)('$name', (codec) => {
  const attempt = async (bytes: Uint8Array, value: unknown) => {
    try {
      await codec.decode(bytes, value)
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError)
    }
  }

  test('random bytes end in a value or a ProtocolError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 2000 }), almostProtobuf), codec.values, attempt),
      { numRuns: RUNS },
    )
  })

  test.each(Object.keys(hostile))('%s is refused', async (name) => {
    const bytes = (hostile[name] as (size: number) => Uint8Array)(codec.maxBytes)
    const [value] = fc.sample(codec.values, 1)
    await expectProtocolError(() => codec.decode(bytes, value))
  })
})
