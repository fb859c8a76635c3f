import type { Server, Socket } from 'node:net'
import { Places } from '../places.ts'
import { callerAddress } from './caller-address.ts'

export interface ConnectionLimitOptions {
  /** In all. */
  readonly max: number
  /** Of one address, or network of IPv6. */
  readonly maxOfAddress: number
}

/** Closes connections that are too many, in all or of one address, before anything is read from them. */
export function limitConnections(server: Server, { max, maxOfAddress }: ConnectionLimitOptions): void {
  server.maxConnections = max
  const places = new Places(maxOfAddress)
  server.on('connection', (socket: Socket) => {
    const leave = places.take(callerAddress(socket.remoteAddress))
    if (leave === undefined) socket.destroy()
    else socket.once('close', leave)
  })
}
