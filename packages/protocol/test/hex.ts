/** A value with every byte string as hex, so that Buffers and Uint8Arrays compare by what they hold. */
export function withHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map(withHex)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withHex(item)]))
  }
  return value
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
