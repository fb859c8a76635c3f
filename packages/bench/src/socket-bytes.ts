import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Bytes on the TCP sockets of a process, TCP's own headers aside. */
export interface SocketBytes {
  readonly written: number
  readonly read: number
}

/**
 * Begins to count what this process writes to and reads from TCP sockets, whoever opens them.
 * @returns what it is until now
 */
export function countSocketBytes(): () => SocketBytes {
  const open = new Set<Socket>()
  let closed: SocketBytes = { written: 0, read: 0 }
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closed = sum(closed, bytesOf(socket))
    })
  }
  // One for each end: what was dialled, and what was accepted.
  subscribe('net.client.socket', watch)
  subscribe('net.server.socket', watch)
  return () => [...open].map(bytesOf).reduce(sum, closed)
}

function bytesOf(socket: Socket): SocketBytes {
  return { written: socket.bytesWritten, read: socket.bytesRead }
}

function sum(a: SocketBytes, b: SocketBytes): SocketBytes {
  return { written: a.written + b.written, read: a.read + b.read }
}
