/**
 * zstd frames by hand, after RFC 8878 and not after the code: with blocks that need no compressor, so that they
 * are the same whatever version of zstd is at hand, and with everything that no encoder would write.
 */

/** A block: bytes as they are, one byte so many times, or the raw content of a block of some kind. */
export type Block =
  | Uint8Array
  | { readonly byte: number; readonly times: number }
  | { readonly kind: 0 | 1 | 2 | 3; readonly size: number; readonly content: Uint8Array }

export interface FrameHeader {
  /** What the frame says that it holds. */
  readonly contentSize: number | bigint
  /** Bytes in which it says so: 0 leaves it out, if the frame is not of a single segment. @default the fewest */
  readonly sizeBytes?: 0 | 1 | 2 | 4 | 8
  /** Present if the frame is not of a single segment. */
  readonly windowDescriptor?: number
  /** Further bits of the frame header descriptor. @default 0 */
  readonly bits?: number
  /** Bytes of a dictionary id. */
  readonly dictionary?: Uint8Array
  /** Whether the last block says that it is. @default true */
  readonly ends?: boolean
}

const MAGIC = Buffer.from('28b52ffd', 'hex')

/** A zstd frame: header, and blocks. */
export function zstdFrame(header: FrameHeader, ...blocks: Block[]): Uint8Array {
  const { contentSize, windowDescriptor, bits = 0, dictionary = new Uint8Array(0), ends = true } = header
  const sizeBytes = header.sizeBytes ?? fewestBytes(Number(contentSize))
  const singleSegment = windowDescriptor === undefined ? 0x20 : 0
  const flag = { 0: 0, 1: 0, 2: 1, 4: 2, 8: 3 }[sizeBytes]
  return Buffer.concat([
    MAGIC,
    Buffer.of((flag << 6) | singleSegment | bits),
    windowDescriptor === undefined ? Buffer.alloc(0) : Buffer.of(windowDescriptor),
    dictionary,
    littleEndian(BigInt(contentSize) - (sizeBytes === 2 ? 256n : 0n), sizeBytes),
    ...blocks.map((block, i) => encodeBlock(block, ends && i === blocks.length - 1)),
  ])
}

/** Content with runs of a byte in blocks of their own: shorter than it was if there is a long one. */
export function runsOf(content: Uint8Array): Block[] {
  const blocks: Block[] = []
  let plainFrom = 0
  for (let at = 0; at < content.length; ) {
    const byte = content[at] as number
    let end = at
    while (content[end] === byte && end - at < 128 * 1024) end += 1
    if (end - at >= 64) {
      if (plainFrom < at) blocks.push(content.subarray(plainFrom, at))
      blocks.push({ byte, times: end - at })
      plainFrom = end
    }
    at = end
  }
  if (plainFrom < content.length) blocks.push(content.subarray(plainFrom))
  return blocks
}

/** What {@link runsOf} makes, in a frame as the protocol wants it. */
export function compressRuns(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zstdFrame({ contentSize: content.length }, ...runsOf(content)))
}

function fewestBytes(size: number): 1 | 2 | 4 | 8 {
  if (size < 256) return 1
  if (size < 65_536 + 256) return 2
  return size < 2 ** 32 ? 4 : 8
}

function encodeBlock(block: Block, isLast: boolean): Uint8Array {
  const last = isLast ? 1 : 0
  if (block instanceof Uint8Array) return Buffer.concat([blockHeader(block.length, 0, last), block])
  if ('byte' in block) return Buffer.concat([blockHeader(block.times, 1, last), Buffer.of(block.byte)])
  return Buffer.concat([blockHeader(block.size, block.kind, last), block.content])
}

function blockHeader(size: number, kind: number, last: number): Buffer {
  return littleEndian(BigInt(size) * 8n + BigInt(kind * 2 + last), 3)
}

function littleEndian(value: bigint, sizeBytes: number): Buffer {
  return Buffer.from(Array.from({ length: sizeBytes }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)))
}
