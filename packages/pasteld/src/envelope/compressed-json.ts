import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { MAX_ENVELOPE_JSON_BYTES } from './envelope.ts'
import { EnvelopeError } from './envelope-error.ts'
import { parseZstdFrame } from './zstd-frame.ts'

/**
 * zstd's own default. The Python layer takes 20 or 22, which on 1 MB takes seconds for some percent of the bytes; any
 * level is read there.
 */
const LEVEL = 3

/**
 * What RFC 8878 (§3.1.1.1.2) asks decoders to take, and what zstd needs up to level 19 for content whose size it does not
 * know; a decoder keeps so much in memory. The Python layer compresses at one stroke, for which no level takes more
 * than the content.
 */
const WINDOW_LOG = 23

/** Memory is taken in pieces of this as content comes, never by what a frame says of itself. */
const CHUNK_BYTES = 64 * 1024

/**
 * One zstd frame as the Python layer makes it: with a checksum, and with the content size, without which it could not
 * read it.
 */
export function compressJson(json: Uint8Array): Uint8Array {
  return zstdCompressSync(json, {
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
    pledgedSrcSize: json.length,
  })
}

/**
 * What one zstd frame holds, at most 2 MiB, which takes some milliseconds.
 * @throws EnvelopeError ERR_ENVELOPE_ZSTD, ERR_ENVELOPE_TOO_LARGE
 */
export function decompressJson(frame: Uint8Array): Uint8Array {
  const { contentBytes, windowBytes } = parseZstdFrame(frame)
  if (contentBytes !== undefined && contentBytes > MAX_ENVELOPE_JSON_BYTES) throw tooLarge(contentBytes)
  if (windowBytes !== undefined && windowBytes > 2 ** WINDOW_LOG) {
    throw new EnvelopeError(
      'ERR_ENVELOPE_TOO_LARGE',
      `the zstd frame of an envelope asks for a window of ${windowBytes} bytes; ${2 ** WINDOW_LOG} are given`,
    )
  }
  try {
    return zstdDecompressSync(frame, {
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
      chunkSize: CHUNK_BYTES,
      maxOutputLength: MAX_ENVELOPE_JSON_BYTES,
    })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(undefined, cause)
    throw new EnvelopeError(
      'ERR_ENVELOPE_ZSTD',
      `the zstd frame of an envelope is damaged: ${(cause as Error).message}`,
      { cause },
    )
  }
}

function tooLarge(contentBytes: number | undefined, cause?: unknown): EnvelopeError {
  const size = contentBytes === undefined ? '' : `${contentBytes} bytes, `
  return new EnvelopeError(
    'ERR_ENVELOPE_TOO_LARGE',
    `an envelope holds ${size}more than the ${MAX_ENVELOPE_JSON_BYTES} bytes of JSON that are read`,
    { cause },
  )
}
