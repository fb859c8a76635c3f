import { type Stream, StreamBufferError } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { MeshError } from '@pastel-mesh/identity'

/** Length-prefixed frames of the sync protocol. */
export interface SyncFrames {
  /** The next frame; undefined: the other end has hung up. */
  read(signal?: AbortSignal): Promise<Uint8Array | undefined>
  /** Resolves when the stream can take more. */
  write(bytes: Uint8Array, signal?: AbortSignal): Promise<void>
}

export interface FrameLimits {
  readonly maxFrameBytes: number
  /** Bytes that may wait to be read; a peer that sends more is cut off. */
  readonly maxBufferBytes: number
}

export function syncFrames(stream: Stream, { maxFrameBytes, maxBufferBytes }: FrameLimits): SyncFrames {
  const frames = lpStream(stream, { maxDataLength: maxFrameBytes, maxBufferSize: maxBufferBytes })
  return {
    async read(signal) {
      try {
        return (await frames.read(signal === undefined ? {} : { signal })).subarray()
      } catch (error) {
        // It ends the stream itself, as a hang-up would, and is none.
        if (error instanceof StreamBufferError) throw error
        if (stream.status !== 'open' || (error as Error).name === 'UnexpectedEOFError') return undefined
        throw error
      }
    },
    async write(bytes, signal) {
      try {
        await frames.write(bytes, signal === undefined ? {} : { signal })
      } catch (cause) {
        // A stream that was closed says so; one that is closed meanwhile rejects with the event of it.
        if (cause instanceof Error && cause.name !== 'StreamStateError') throw cause
        throw new MeshError('ERR_SYNC_CLOSED', 'the peer closed the sync stream', { cause })
      }
    },
  }
}
