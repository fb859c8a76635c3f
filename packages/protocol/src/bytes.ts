/** Whether two byte strings are the same. Not constant-time: for public data. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** A view as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const utf8 = new TextEncoder()

/** UTF-8 length of a text, in bytes. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

/** UTF-8 bytes of a text. */
export function fromUtf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(text)
}

/** The generated encoders want views over an ArrayBuffer: the same bytes, not copied. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
