import type { Connection } from '@libp2p/interface'

/** What is on its way has that long; a peer that does not read would hold a connection open for ever. */
const MAX_CLOSE_MS = 1_000

/** Closes a connection, with what was written last; cuts it if the other end does not let that happen. */
export function hangUp(connection: Connection): void {
  void hungUp(connection)
}

/** The same; resolves when it is closed. */
export async function hungUp(connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(MAX_CLOSE_MS) })
  } catch (error) {
    connection.abort(error as Error)
  }
}

/** Cuts a connection at once. */
export function cutOff(connection: Connection, reason: string): void {
  connection.abort(new Error(reason))
}
