/**
 * Protobuf by hand, after docs/PROTOCOL.md and not after the code: what the tests compare the code with, and
 * what they break messages with.
 */

/** A field as the tests write it: numbers as varints, texts as UTF-8. */
export type Value = number | bigint | boolean | string | Uint8Array

/** How a message is laid out: field numbers in ascending order. */
export type Schema = Readonly<Record<number, FieldSchema>>

export interface FieldSchema {
  readonly name: string
  readonly kind: 'number' | 'bytes' | 'text' | Schema
  readonly repeated?: boolean
}

/** A message taken apart, ready to be changed and put together again. */
export interface Tree {
  fields: TreeField[]
}

export interface TreeField {
  readonly number: number
  readonly value: bigint | Uint8Array | Tree
  /** Needless bytes that lengthen the varint of the tag, of the length or of the number. */
  readonly long?: { readonly tag?: number; readonly length?: number; readonly value?: number }
  /** A wire type other than the right one. */
  readonly wireType?: number
}

/** A varint with `needless` bytes more than it takes. */
export function varint(value: number | bigint, needless = 0): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  for (let i = 0; i < needless; i++) {
    bytes[bytes.length - 1] = (bytes.at(-1) as number) | 128
    bytes.push(0)
  }
  return Buffer.from(bytes)
}

/** One field, written even where its value is the default. */
export function field(number: number, value: Value): Buffer {
  if (typeof value === 'string') return field(number, Buffer.from(value, 'utf8'))
  if (typeof value === 'boolean') return field(number, value ? 1 : 0)
  if (value instanceof Uint8Array) {
    return Buffer.concat([varint((number << 3) | 2), varint(value.length), value])
  }
  return Buffer.concat([varint(number << 3), varint(value)])
}

/** The canonical encoding of a message: fields ascending, defaults omitted, shortest varints. */
export function encodeBySchema(schema: Schema, message: Readonly<Record<string, unknown>>): Buffer {
  const parts: Buffer[] = []
  for (const [key, { name, kind, repeated }] of Object.entries(schema)) {
    const number = Number(key)
    const value = message[name]
    if (value === undefined) continue
    for (const item of repeated ? (value as unknown[]) : [value]) {
      if (typeof kind === 'object') {
        parts.push(field(number, encodeBySchema(kind, item as Record<string, unknown>)))
      } else if (repeated || !isDefault(item)) {
        parts.push(field(number, item as Value))
      }
    }
  }
  return Buffer.concat(parts)
}

function isDefault(value: unknown): boolean {
  return value === 0 || value === false || value === '' || (value instanceof Uint8Array && value.length === 0)
}

/** Takes canonical bytes apart. */
export function parseTree(bytes: Uint8Array, schema: Schema): Tree {
  const fields: TreeField[] = []
  let at = 0
  const readVarint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] as number
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(readVarint())
    const number = tag >> 3
    if ((tag & 7) === 0) {
      fields.push({ number, value: readVarint() })
      continue
    }
    const length = Number(readVarint())
    const value = bytes.slice(at, at + length)
    at += length
    const kind = schema[number]?.kind
    fields.push({ number, value: typeof kind === 'object' ? parseTree(value, kind) : value })
  }
  return { fields }
}

/** Puts a tree together, in the order and with the faults that it has. */
export function serializeTree({ fields }: Tree): Buffer {
  return Buffer.concat(fields.map(serializeField))
}

function serializeField({ number, value, long, wireType }: TreeField): Buffer {
  const tag = varint((number << 3) | (wireType ?? (typeof value === 'bigint' ? 0 : 2)), long?.tag)
  if (typeof value === 'bigint') return Buffer.concat([tag, varint(value, long?.value)])
  const content = value instanceof Uint8Array ? value : serializeTree(value)
  return Buffer.concat([tag, varint(content.length, long?.length), content])
}
