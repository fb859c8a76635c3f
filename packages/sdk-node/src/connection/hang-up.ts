import type { Connection } from '@libp2p/interface'

/** What is on its way has that long; a peer that does not read would hold a connection open for ever. */
const MAX_CLOSE_MS = 1_000

/** Closes a connection, with what was written last; cuts it if the other end does not let that happen. */
export function hangUp(connection: Connection): void {
  const signal = AbortSignal.timeout(MAX_CLOSE_MS)
  connection.close({ signal }).catch((error: Error) => connection.abort(error))
}

/** Cuts a connection at once. */
export function cutOff(connection: Connection, reason: string): void {
  connection.abort(new Error(reason))
}
