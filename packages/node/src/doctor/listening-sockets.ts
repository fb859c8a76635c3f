import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'

/** A socket of this machine that listens. */
export interface ListeningSocket {
  /** As `127.0.0.1` or `::1`; `0.0.0.0` or `::`: all. */
  readonly address: string
  readonly port: number
  /** As it stands among the files of a process: `socket:[123]`. */
  readonly file: string
}

/** In /proc/net/tcp: the state LISTEN. */
const LISTEN = '0A'

/** All that listen, whoever's they are; undefined: the system does not tell. */
export async function listeningSockets(): Promise<readonly ListeningSocket[] | undefined> {
  const texts = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => undefined)),
  )
  if (texts.every((text) => text === undefined)) return undefined
  return texts.flatMap((text) => (text ?? '').split('\n').slice(1).flatMap(parseLine))
}

function parseLine(line: string): ListeningSocket[] {
  const fields = line.trim().split(/\s+/)
  const [, local = '', , state] = fields
  const inode = fields[9]
  const [hex = '', port = ''] = local.split(':')
  if (state !== LISTEN || inode === undefined) return []
  return [{ address: addressOf(hex), port: Number.parseInt(port, 16), file: `socket:[${inode}]` }]
}

/** Words of 32 bits, each in the order of the machine, which is little-endian wherever Node runs. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0))
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

/** Whether one that listens keeps others from an address and port. */
export function isTakenBy(socket: ListeningSocket, host: string, port: number): boolean {
  if (socket.port !== port) return false
  const isAll = socket.address === '::' || (socket.address === '0.0.0.0' && !isIPv6(host))
  return isAll || host === '::' || (host === '0.0.0.0' && !isIPv6(socket.address)) || socket.address === host
}
