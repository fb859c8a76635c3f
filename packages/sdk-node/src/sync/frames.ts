import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { MAX_SYNC_RESPONSE_BYTES } from '@pastel-mesh/protocol'

/** Length-prefixed frames of the sync protocol. */
export interface SyncFrames {
  /** The next frame; undefined: the other end has hung up. */
  read(signal?: AbortSignal): Promise<Uint8Array | undefined>
  /** Resolves when the stream can take more. */
  write(bytes: Uint8Array, signal?: AbortSignal): Promise<void>
}

/** Bytes that may wait to be read: what a reader asked for at a time fits. */
const MAX_BUFFER_BYTES = 8 * 1024 * 1024

export function syncFrames(stream: Stream): SyncFrames {
  const frames = lpStream(stream, { maxDataLength: MAX_SYNC_RESPONSE_BYTES, maxBufferSize: MAX_BUFFER_BYTES })
  return {
    async read(signal) {
      try {
        return (await frames.read(signal === undefined ? {} : { signal })).subarray()
      } catch (error) {
        if (stream.status !== 'open' || (error as Error).name === 'UnexpectedEOFError') return undefined
        throw error
      }
    },
    write: (bytes, signal) => frames.write(bytes, signal === undefined ? {} : { signal }),
  }
}
