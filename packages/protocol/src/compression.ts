import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ProtocolError } from './errors.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'
import { parseZstdFrame } from './zstd-frame.ts'

/** Below this a batch's header and signature, some 300 bytes, outweigh what could be saved. */
const MIN_COMPRESSIBLE_BYTES = 512

/**
 * The part of a payload that has to be saved: less is not worth the time of every node that reads it. Random
 * bodies of 256 bytes, which compress only in what is around them, stay below it.
 */
const MIN_GAIN = 1 / 8

/** Larger payloads are first tried by a sample: 4 KiB cost some 20 µs, a whole incompressible payload 300 µs. */
const SAMPLE_FROM_BYTES = 8 * 1024
const SAMPLE_SLICES = 8
const SLICE_BYTES = 512

/** The fastest level: it makes 512 KiB of JSON in 2 ms 5 times smaller; level 3 gains little and costs twice that. */
const LEVEL = 1

/** The window is never larger than the content: 2^19 bytes. */
const WINDOW_LOG = Math.log2(MAX_PAYLOAD_BYTES)

/** What zlib takes for the size of its pieces at least. */
const MIN_CHUNK_BYTES = 64

/**
 * A payload in one zstd frame, as {@link decompressPayload} takes it.
 * @returns undefined if that does not pay: it has under 512 bytes, or an eighth of it or more would not be saved
 */
export function compressPayload(payload: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (payload.length < MIN_COMPRESSIBLE_BYTES || payload.length > MAX_PAYLOAD_BYTES) return undefined
  if (payload.length > SAMPLE_FROM_BYTES && !pays(sampleOf(payload))) return undefined
  return pays(payload)
}

/**
 * What a compressed payload holds: the whole at once, at most 512 KiB, which takes under a millisecond.
 * @throws ProtocolError ERR_COMPRESSION
 */
export function decompressPayload(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { contentBytes } = parseZstdFrame(bytes)
  let content: Uint8Array<ArrayBuffer>
  try {
    content = zstdDecompressSync(bytes, {
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
      // One piece: nothing grows beyond what the frame says.
      chunkSize: Math.max(MIN_CHUNK_BYTES, contentBytes),
      maxOutputLength: contentBytes,
    })
  } catch (cause) {
    throw new ProtocolError(
      'ERR_COMPRESSION',
      `the compressed payload is damaged: ${(cause as Error).message}`,
      { cause },
    )
  }
  // A plain view: bodies must not be Buffers here and plain arrays elsewhere.
  if (content.length === contentBytes) return new Uint8Array(content.buffer, content.byteOffset, contentBytes)
  throw new ProtocolError(
    'ERR_COMPRESSION',
    `the compressed payload holds ${content.length} bytes and says ${contentBytes}`,
  )
}

function pays(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const compressed = zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 0 },
    chunkSize: bytes.length,
  })
  return compressed.length <= bytes.length * (1 - MIN_GAIN) ? compressed : undefined
}

/** Slices from all over the payload. */
function sampleOf(payload: Uint8Array): Uint8Array {
  const sample = new Uint8Array(SAMPLE_SLICES * SLICE_BYTES)
  const step = (payload.length - SLICE_BYTES) / (SAMPLE_SLICES - 1)
  for (let i = 0; i < SAMPLE_SLICES; i += 1) {
    const at = Math.floor(i * step)
    sample.set(payload.subarray(at, at + SLICE_BYTES), i * SLICE_BYTES)
  }
  return sample
}
