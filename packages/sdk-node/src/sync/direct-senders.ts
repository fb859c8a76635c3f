import { DIRECT_SENDER_BYTES, MAX_SYNC_DIRECT } from '@pastel-mesh/protocol'

/**
 * Who is connected to whose node, as the peers say. A node sends its small batches to all that it is connected to;
 * whoever gets one from its author need not pass it to those who got it from there as well. In a small mesh these are
 * all, and what is passed on to them was the larger part of all frames.
 *
 * A peer that says it wrongly, or that has lost such a connection since, misses gossip, and log sync brings it.
 */
export class DirectSenders {
  readonly #told = new Map<string, Set<string>>()

  /** A peer says to the nodes of which senders it is connected; what it said before is forgotten. */
  told(peer: string, senders: readonly Uint8Array[]): void {
    this.#told.set(peer, new Set(senders.map(keyOf)))
  }

  forget(peer: string): void {
    this.#told.delete(peer)
  }

  /** Whether a peer is connected to the node of a sender; undefined if it has not said yet. */
  reaches(peer: string, sender: Uint8Array): boolean | undefined {
    return this.#told.get(peer)?.has(keyOf(sender))
  }
}

/** What a node says of itself. */
export function directSenders(publicKeys: Iterable<Uint8Array>): Uint8Array[] {
  const senders: Uint8Array[] = []
  for (const publicKey of publicKeys) {
    if (senders.length === MAX_SYNC_DIRECT) break
    senders.push(publicKey.subarray(0, DIRECT_SENDER_BYTES))
  }
  return senders
}

function keyOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey.buffer, publicKey.byteOffset, DIRECT_SENDER_BYTES).toString('latin1')
}
