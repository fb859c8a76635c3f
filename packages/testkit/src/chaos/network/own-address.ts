import { Socket } from 'node:net'

/** Members have loopback addresses of their own, from this one on: so it shows who connects. */
const PREFIX = '127.0.1.'

/** Why members cannot have addresses of their own here; undefined if they can. */
export function missingForOwnAddresses(): string | undefined {
  if (process.platform === 'linux') return undefined
  return 'runs with faults need loopback addresses other than 127.0.0.1, which Linux has'
}

export function addressOfMember(member: number): string {
  return `${PREFIX}${member + 1}`
}

/** @returns the member's number; -1: none */
export function memberOfAddress(address: string): number {
  const at = address.indexOf(PREFIX)
  return at < 0 ? -1 : Number(address.slice(at + PREFIX.length)) - 1
}

interface ConnectOptions {
  port?: number
  localAddress?: string
}

/** From now on TCP connections of this process come from an address: libp2p's transport has no option for it. */
export function connectFrom(address: string): void {
  const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket
  Socket.prototype.connect = function connectFromAddress(this: Socket, ...args: unknown[]): Socket {
    // `net.connect` gives its arguments as one array, of which the first is the options.
    const [first] = args
    const options = (Array.isArray(first) ? first[0] : first) as ConnectOptions | undefined
    if (typeof options === 'object' && options.port !== undefined) options.localAddress = address
    return connect.apply(this, args)
  } as typeof Socket.prototype.connect
}
