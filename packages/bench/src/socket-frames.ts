import type { Socket } from 'node:net'

/** What is before each frame on a plain socket: its length. */
export const LENGTH_BYTES = 4

/** Calls back with each frame of a socket. */
export function readFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32BE()
      if (rest.length < end) return
      onFrame(rest.subarray(LENGTH_BYTES, end))
      rest = rest.subarray(end)
    }
  })
}

/** Sends a frame. */
export function writeFrame(socket: Socket, frame: Uint8Array): void {
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeUInt32BE(frame.length)
  socket.cork()
  socket.write(length)
  socket.write(frame)
  socket.uncork()
}
