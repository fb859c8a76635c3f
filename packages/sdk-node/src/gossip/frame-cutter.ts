import type { StreamMessageEvent } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'

/** What a stream delivers at a time. */
export type Bytes = StreamMessageEvent['data']

/** A piece of what a stream delivered, and how many frames begin in it. */
export interface Slice {
  readonly bytes: Bytes
  readonly frames: number
}

/** A length that no honest peer writes: whoever reads on may find other frames than whoever wrote. */
export class FrameError extends MeshError {
  constructor(what: string) {
    super('ERR_GOSSIP_FRAME', `the peer's gossip stream is malformed: ${what}`)
  }
}

/**
 * Finds where length-prefixed frames begin in a stream of bytes, without decoding or copying them, and cuts what
 * came into pieces in which no more than a few do. Lengths above the limit and lengths that are not written in the
 * fewest bytes end the stream: readers differ in what they make of them, and would see other frames than are counted
 * here.
 */
export class FrameCutter {
  readonly #maxFrames: number
  readonly #maxFrameBytes: number
  /** Bytes of the present frame that are still to come. */
  #left = 0
  /** The length of the next frame, as far as it came, and the weight of its next seven bits. */
  #length = 0
  #weight = 1

  /**
   * @param maxFrames frames that may begin in one piece
   * @param maxFrameBytes bytes of one frame
   */
  constructor(maxFrames: number, maxFrameBytes: number) {
    this.#maxFrames = maxFrames
    this.#maxFrameBytes = maxFrameBytes
  }

  /** @throws FrameError; what comes after it has no frames */
  cut(bytes: Bytes): Slice[] {
    const slices: Slice[] = []
    let start = 0
    let frames = 0
    let position = 0
    for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
      for (let i = 0; i < chunk.length; ) {
        if (this.#left > 0) {
          const skipped = Math.min(this.#left, chunk.length - i)
          this.#left -= skipped
          i += skipped
          continue
        }
        if (frames === this.#maxFrames && this.#weight === 1) {
          slices.push({ bytes: part(bytes, start, position + i), frames })
          start = position + i
          frames = 0
        }
        if (this.#endsLength(chunk[i] as number)) frames += 1
        i += 1
      }
      position += chunk.length
    }
    slices.push({ bytes: part(bytes, start, position), frames })
    return slices
  }

  /** Takes a byte of a length (varint); true when it is the last one. */
  #endsLength(byte: number): boolean {
    this.#length += (byte & 0x7f) * this.#weight
    if (this.#length > this.#maxFrameBytes) {
      throw new FrameError(`a frame has more than ${this.#maxFrameBytes} bytes`)
    }
    if (byte >= 0x80) {
      this.#weight *= 128
      // Whatever comes, it is too much or nothing.
      if (this.#weight > this.#maxFrameBytes) throw new FrameError('the length of a frame does not end')
      return false
    }
    if (byte === 0 && this.#weight > 1) throw new FrameError('the length of a frame is padded with zeros')
    this.#left = this.#length
    this.#length = 0
    this.#weight = 1
    return true
  }
}

function part(bytes: Bytes, from: number, to: number): Bytes {
  if (from === 0 && to === bytes.byteLength) return bytes
  return bytes instanceof Uint8Array ? bytes.subarray(from, to) : bytes.sublist(from, to)
}
