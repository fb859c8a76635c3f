import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** What supernodes of Pastel's Python layer send each other as the text of a message. */
export interface PlainEnvelope {
  readonly message: string
  readonly message_type: string
  readonly signature: string
  readonly sending_sn_pubkey: string
}

/** More than any message of the core can hold; that layer itself has no bound. */
const MAX_JSON_BYTES = 16 * 1024 * 1024
const ZSTD_MAGIC = 0xfd2fb528

/** As Python's `json.dumps(…, ensure_ascii=False)` writes it, compressed, in base64. */
export function encodePlainEnvelope(envelope: PlainEnvelope): string {
  const fields = Object.entries(envelope).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)
  const json = Buffer.from(`{${fields.join(', ')}}`)
  const frame = zstdCompressSync(json, {
    params: { [constants.ZSTD_c_contentSizeFlag]: 1 },
    pledgedSrcSize: json.length,
  })
  return frame.toString('base64')
}

/** Independent of the project's own decoder. @throws Error it is none, or none that the Python layer could read */
export function decodePlainEnvelope(text: string): PlainEnvelope {
  const frame = Buffer.from(text, 'base64')
  if (frame.length < 6 || frame.readUInt32LE() !== ZSTD_MAGIC) throw new Error('no zstd frame')
  // RFC 8878, 3.1.1.1.1: without a flag for its size, and without a single segment, the content size is not there.
  if ((frame.readUInt8(4) & 0b1110_0000) === 0) throw new Error('a zstd frame without content size')
  const value: unknown = JSON.parse(zstdDecompressSync(frame, { maxOutputLength: MAX_JSON_BYTES }).toString())
  if (typeof value !== 'object' || value === null) throw new Error('no object')
  const textOf = (name: keyof PlainEnvelope) => {
    const field = (value as Record<string, unknown>)[name]
    if (typeof field !== 'string') throw new Error(`no ${name}`)
    return field
  }
  return {
    message: textOf('message'),
    message_type: textOf('message_type'),
    signature: textOf('signature'),
    sending_sn_pubkey: textOf('sending_sn_pubkey'),
  }
}
