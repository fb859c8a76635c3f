import {
  type CertifiedReceipt,
  MAX_DIRECT_BATCHES,
  MAX_DIRECT_CONTENT_BYTES,
  MAX_DIRECT_RECEIPTS,
} from '@pastel-mesh/protocol'

/** Batches, or receipts with their certificates, of one frame: the limit is the same. */
const MAX_ITEMS = Math.min(MAX_DIRECT_BATCHES, MAX_DIRECT_RECEIPTS)

/** The room for batches or receipts in one frame about direct messages: it holds at least one of the largest size. */
export class FrameRoom {
  readonly #maxItems: number
  #items = 0
  #bytes = 0

  constructor(maxItems = MAX_ITEMS) {
    this.#maxItems = maxItems
  }

  /** @returns false, and nothing is taken, if there is no room for something of that size beside what is there */
  take(sizeBytes: number): boolean {
    if (this.#items === this.#maxItems || this.#bytes + sizeBytes > MAX_DIRECT_CONTENT_BYTES) return false
    this.#items += 1
    this.#bytes += sizeBytes
    return true
  }
}

/**
 * Receipts in their order, as many together as a frame holds; none is left out.
 * @param maxItems fewer together than a frame may hold
 */
export function inFrames<T extends CertifiedReceipt>(receipts: readonly T[], maxItems?: number): T[][] {
  const frames: T[][] = []
  let room: FrameRoom | undefined
  for (const one of receipts) {
    const sizeBytes = one.receipt.length + one.certificate.length
    if (room?.take(sizeBytes) !== true) {
      room = new FrameRoom(maxItems)
      room.take(sizeBytes)
      frames.push([])
    }
    frames.at(-1)?.push(one)
  }
  return frames
}
