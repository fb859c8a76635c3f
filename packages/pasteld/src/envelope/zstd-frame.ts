import { EnvelopeError } from './envelope-error.ts'

/** What a zstd frame (RFC 8878 §3.1.1) says about itself. Nothing of it is to be believed. */
export interface ZstdFrame {
  /** Bytes that it holds; undefined: it does not say. Not exact above 2^53. */
  readonly contentBytes: number | undefined
  /** Bytes that a decoder has to keep at hand; undefined: all of the content. */
  readonly windowBytes: number | undefined
}

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
const SKIPPABLE_MAGIC = [0x2a, 0x4d, 0x18]

/** Bits of the frame header descriptor beside the width of the content size. */
const SINGLE_SEGMENT = 0x20
const RESERVED_BIT = 0x08
const CHECKSUM = 0x04
const DICTIONARY = 0x03

/** Bytes of the content size, by the descriptor's two highest bits; of width 0 there is one in a single segment. */
const SIZE_BYTES = [0, 2, 4, 8] as const
/** What a content size of two bytes leaves out. */
const TWO_BYTE_OFFSET = 256

const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
/** Kinds of blocks. */
const RLE = 1
const RESERVED = 3

/**
 * Decoders build tables for each block, so that many tiny ones cost far more than their bytes. zstd makes blocks of up to
 * 128 KiB, and at its highest levels splits one of those into 196 at most: 2 MiB in 3,136.
 */
const MAX_BLOCKS = 8 * 1024

/**
 * Reads the structure of a zstd frame, without decompressing anything: one frame, with or without its content size and a
 * checksum, whose last block ends where the bytes end. The Python layer reads the first frame and nothing of what is
 * behind it, and skippable frames as nothing: both are refused here, so that an envelope is one thing to everybody.
 * @throws EnvelopeError ERR_ENVELOPE_ZSTD, ERR_ENVELOPE_TOO_LARGE (of blocks)
 */
export function parseZstdFrame(bytes: Uint8Array): ZstdFrame {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    const isSkippable = SKIPPABLE_MAGIC.every((byte, i) => bytes[i + 1] === byte)
    throw malformed(isSkippable ? 'is a skippable frame' : 'is no zstd frame')
  }
  const descriptor = bytes[4] ?? 0
  if ((descriptor & DICTIONARY) !== 0) throw malformed('names a dictionary')
  if ((descriptor & RESERVED_BIT) !== 0) throw malformed('uses a reserved bit')
  const isSingleSegment = (descriptor & SINGLE_SEGMENT) !== 0
  const windowAt = MAGIC.length + 1
  const windowBytes = isSingleSegment ? undefined : windowSize(readNumber(bytes, windowAt, 1))
  const sizeAt = windowAt + (isSingleSegment ? 0 : 1)
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (isSingleSegment ? 1 : 0)
  const contentBytes =
    sizeBytes === 0
      ? undefined
      : readNumber(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? TWO_BYTE_OFFSET : 0)
  checkBlocks(bytes, sizeAt + sizeBytes, (descriptor & CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES)
  return { contentBytes, windowBytes }
}

/** Of the window descriptor: five bits of exponent, three of mantissa. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function checkBlocks(bytes: Uint8Array, start: number, checksumBytes: number): void {
  let at = start
  for (let blocks = 0; blocks < MAX_BLOCKS; blocks += 1) {
    const header = readNumber(bytes, at, BLOCK_HEADER_BYTES)
    const kind = (header >> 1) & 3
    if (kind === RESERVED) throw malformed('has a block of a reserved kind')
    // A block of one repeated byte says in its size how often.
    at += BLOCK_HEADER_BYTES + (kind === RLE ? 1 : header >> 3)
    if (at > bytes.length) throw malformed('is cut short')
    if ((header & 1) === 0) continue
    at += checksumBytes
    if (at > bytes.length) throw malformed('is cut short')
    if (at < bytes.length) throw malformed(`is followed by ${bytes.length - at} bytes`)
    return
  }
  throw new EnvelopeError(
    'ERR_ENVELOPE_TOO_LARGE',
    `the zstd frame of an envelope has more than ${MAX_BLOCKS} blocks`,
  )
}

/** A little-endian number. What is above 2^53 is not exact, and over every limit. */
function readNumber(bytes: Uint8Array, at: number, sizeBytes: number): number {
  if (at + sizeBytes > bytes.length) throw malformed('is cut short')
  let value = 0
  for (let i = sizeBytes - 1; i >= 0; i -= 1) value = value * 256 + (bytes[at + i] as number)
  return value
}

function malformed(what: string): EnvelopeError {
  return new EnvelopeError('ERR_ENVELOPE_ZSTD', `what the base64 of an envelope holds ${what}`)
}
