import { ProtocolError } from './errors.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'

/** What a zstd frame (RFC 8878 §3.1.1) says about itself. */
export interface ZstdFrame {
  /** Bytes that it holds, 1 to 512 Ki. */
  readonly contentBytes: number
}

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]

/** Bits of the frame header descriptor beside the width of the content size. */
const SINGLE_SEGMENT = 0x20
const UNUSED_AND_RESERVED = 0x18
const CHECKSUM = 0x04
const DICTIONARY = 0x03

/** Bytes of the content size, by the descriptor's two highest bits, in a frame of a single segment. */
const SIZE_BYTES = [1, 2, 4, 8] as const
/** What a content size of two bytes leaves out. */
const TWO_BYTE_OFFSET = 256

const BLOCK_HEADER_BYTES = 3
/** Kinds of blocks. */
const RLE = 1
const RESERVED = 3

/**
 * Content that one block holds at least, on average. Decoders build tables for each block, so that many tiny
 * ones would cost far more than their bytes; encoders make blocks of some KiB.
 */
const MIN_BLOCK_CONTENT_BYTES = 256

/**
 * Reads the structure of a zstd frame, without decompressing anything: one frame of a single segment (so that
 * its window is its content), with its content size, without dictionary and checksum, whose last block ends
 * where the bytes end. Skippable frames, further frames and trailing bytes are refused with that.
 * @throws ProtocolError ERR_COMPRESSION
 */
export function parseZstdFrame(bytes: Uint8Array): ZstdFrame {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw malformed('is no zstd frame')
  const descriptor = bytes[4] ?? 0
  if ((descriptor & DICTIONARY) !== 0) throw malformed('names a dictionary')
  if ((descriptor & CHECKSUM) !== 0) throw malformed('has a checksum')
  if ((descriptor & UNUSED_AND_RESERVED) !== 0) throw malformed('uses reserved bits')
  if ((descriptor & SINGLE_SEGMENT) === 0) throw malformed('is not of a single segment with its content size')
  const sizeBytes = SIZE_BYTES[descriptor >> 6] as number
  const contentBytes = readNumber(bytes, 5, sizeBytes) + (sizeBytes === 2 ? TWO_BYTE_OFFSET : 0)
  if (contentBytes < 1 || contentBytes > MAX_PAYLOAD_BYTES) {
    throw malformed(`holds ${contentBytes} bytes, not 1 to ${MAX_PAYLOAD_BYTES}`)
  }
  if (bytes.length >= contentBytes) throw malformed('is not shorter than what it holds')
  checkBlocks(bytes, 5 + sizeBytes, 1 + Math.floor(contentBytes / MIN_BLOCK_CONTENT_BYTES))
  return { contentBytes }
}

function checkBlocks(bytes: Uint8Array, start: number, maxBlocks: number): void {
  let at = start
  for (let blocks = 0; blocks < maxBlocks; blocks += 1) {
    const header = readNumber(bytes, at, BLOCK_HEADER_BYTES)
    const kind = (header >> 1) & 3
    if (kind === RESERVED) throw malformed('has a block of a reserved kind')
    // A block of one repeated byte says in its size how often.
    at += BLOCK_HEADER_BYTES + (kind === RLE ? 1 : header >> 3)
    if (at > bytes.length) throw malformed('is cut short')
    if ((header & 1) === 0) continue
    if (at < bytes.length) throw malformed(`is followed by ${bytes.length - at} bytes`)
    return
  }
  throw malformed(`has more than ${maxBlocks} blocks`)
}

/** A little-endian number. What is above 2^53 is not exact, and over every limit. */
function readNumber(bytes: Uint8Array, at: number, sizeBytes: number): number {
  if (at + sizeBytes > bytes.length) throw malformed('is cut short')
  let value = 0
  for (let i = sizeBytes - 1; i >= 0; i -= 1) value = value * 256 + (bytes[at + i] as number)
  return value
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('ERR_COMPRESSION', `the compressed payload ${what}`)
}
