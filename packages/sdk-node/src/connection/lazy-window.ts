/** Private state of a stream of `@libp2p/yamux` 8.0.3; a test pins the shape to this version. */
export interface WindowedStream {
  readonly state: number
  /** What the other end may have on its way when it was last told, and what is left of that, in bytes. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

/** yamux's `StreamState.Established`, which the package does not export. */
const ESTABLISHED = 3

/**
 * Lets a stream tell the other end to go on when half of the window is used up, as other implementations do.
 * `@libp2p/yamux` does so after every frame: each small message is answered by a frame of its own, encrypted,
 * written and read like a message, which doubles what an idle mesh does.
 */
export function lazyWindow<T extends WindowedStream>(stream: T): T {
  const send = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    // In any other state it opens or acknowledges the stream as well, or notes that reading is paused.
    const isOpen = stream.state === ESTABLISHED
    if (isOpen && stream.recvWindowCapacity > stream.recvWindow / 2) return
    send()
  }
  return stream
}
