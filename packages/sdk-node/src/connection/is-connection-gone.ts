import { ConnectionClosedError, MuxerClosedError } from '@libp2p/interface'

/** Whether a stream could not be opened because its connection is being closed, and does not say so itself yet. */
export function isConnectionGone(error: unknown): boolean {
  return error instanceof ConnectionClosedError || error instanceof MuxerClosedError
}
