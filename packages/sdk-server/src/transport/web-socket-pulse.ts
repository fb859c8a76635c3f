import type { WebSocket } from '@fastify/websocket'

/** As of streams over HTTP: both ends see that the other is still there, and so does what is between them. */
const QUIET_MS = 10_000
/** All answers that may wait for a reader are before the sign of life: 33 MiB, on a line of 5 Mbit/s. */
const MAX_QUIETS = 7

/**
 * Asks the other end of a WebSocket for a sign of life, as tRPC does, after ten seconds in which nothing came, and
 * terminates it after a minute more.
 * @param isUnread whether nothing is read for a reason that is no fault of the other end: its silence says nothing then
 */
export function keepAlive(socket: WebSocket, isUnread: () => boolean): void {
  let quiets = 0
  const timer = setTimeout(() => {
    timer.refresh()
    quiets = isUnread() ? 0 : quiets + 1
    if (quiets === 1) socket.send('PING')
    else if (quiets === MAX_QUIETS) socket.terminate()
  }, QUIET_MS)
  socket.on('message', () => {
    quiets = 0
    timer.refresh()
  })
  socket.once('close', () => clearTimeout(timer))
}
