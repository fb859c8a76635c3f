/** What is stored of somebody, while room is made. */
export interface Holder {
  /** Undefined: all who have no counter of their own, like one sender more, and places of what is gone. */
  readonly sender: Uint8Array | undefined
  sizeBytes: number
  /** Below this place of the order nothing more of it may go. */
  from: number
}

/** @param storedBytes of all */
export function holdersOf(
  senders: readonly { readonly sender: Uint8Array; readonly storedBytes: number }[],
  storedBytes: number,
): Holder[] {
  const holders: Holder[] = senders.map(({ sender, storedBytes }) => ({
    sender,
    sizeBytes: storedBytes,
    from: 0,
  }))
  const rest = senders.reduce((left, one) => left - one.storedBytes, storedBytes)
  return [...holders, { sender: undefined, sizeBytes: rest, from: 0 }]
}

/** The most that everybody may keep so that all have room. */
export function shareOf(holders: readonly Pick<Holder, 'sizeBytes'>[], room: number): number {
  const sorted = holders.map(({ sizeBytes }) => sizeBytes).sort((a, b) => a - b)
  let left = Math.max(0, room)
  for (const [i, size] of sorted.entries()) {
    const others = sorted.length - i
    if (size * others > left) return left / others
    left -= size
  }
  return Number.POSITIVE_INFINITY
}
