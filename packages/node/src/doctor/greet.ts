import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { multiaddr } from '@multiformats/multiaddr'
import { eachFamily, isWithoutRoute } from './each-family.ts'
import { describeNetError } from './net-error.ts'
import { LATE, orLate } from './or-late.ts'

/** What a libp2p node says first over plain TCP, and answers to itself: a length, a name, an end of line. */
const GREETING = Buffer.from('\u0013/multistream/1.0.0\n')

/** What an attempt to reach a node came to. */
export type Greeted =
  | { readonly kind: 'node'; readonly tookMs: number }
  /** Something else is there. */
  | { readonly kind: 'other'; readonly reason: string; readonly tookMs: number }
  /** This machine has no route for addresses of that kind. */
  | { readonly kind: 'no-route' }
  /** @property at what failed: the name, the connection, TLS, or what came after. */
  | {
      readonly kind: 'unreached'
      readonly at: 'name' | 'connection' | 'TLS' | 'answer'
      readonly reason: string
    }

/** What came of it at one of the addresses of a name; none: that has none. */
export type GreetedAt = Greeted & { readonly ip?: string }

/** Resolves the name of an address, connects, and says hello as a node would, at one address of each family; then it hangs up. */
export async function greet(address: string, ms: number, signal: AbortSignal): Promise<readonly GreetedAt[]> {
  const { host, family } = partsOf(address)
  const beganMs = performance.now()
  const found = await orLate(ms, signal, () => eachFamily(host, family)).catch(
    (error: unknown): Greeted => ({ kind: 'unreached', at: 'name', reason: describeNetError(error) }),
  )
  if (found === LATE) return [{ kind: 'unreached', at: 'name', reason: noAnswer(ms) }]
  if ('kind' in found) return [found]
  const leftMs = Math.max(1, ms - (performance.now() - beganMs))
  return Promise.all(
    found.map(async (ip) => ({ ...(await greetAt(ip, address, { ms, leftMs, signal })), ip })),
  )
}

function noAnswer(ms: number): string {
  return `no answer within ${ms / 1_000} s`
}

async function greetAt(
  ip: string,
  address: string,
  { ms, leftMs, signal }: { readonly ms: number; readonly leftMs: number; readonly signal: AbortSignal },
): Promise<Greeted> {
  const state: { at: 'connection' | 'TLS' | 'answer' } = { at: 'connection' }
  let socket: Socket | undefined
  try {
    const greeted = await orLate(leftMs, signal, async (ending) => {
      const beganMs = performance.now()
      const { port, serverName, isTls, isWeb } = partsOf(address)
      socket = connect({ host: ip, port })
      await once(socket, 'connect', { signal: ending })
      const tookMs = performance.now() - beganMs
      if (isTls) {
        state.at = 'TLS'
        // Whether the certificate is good is another check's.
        const secure = connectTls({ socket, servername: serverName, rejectUnauthorized: false })
        await once(secure, 'secureConnect', { signal: ending })
        socket = secure
      }
      state.at = 'answer'
      socket.write(isWeb ? upgradeRequest(serverName, port) : GREETING)
      return judge(await firstBytes(socket, ending), isWeb, tookMs)
    })
    return greeted === LATE ? { kind: 'unreached', at: state.at, reason: noAnswer(ms) } : greeted
  } catch (error) {
    if (isWithoutRoute(ip, error)) return { kind: 'no-route' }
    return { kind: 'unreached', at: state.at, reason: describeNetError(error) }
  } finally {
    socket?.destroy()
  }
}

/** Of a multiaddr that a node can dial. */
export function partsOf(address: string) {
  const parts = multiaddr(address).getComponents()
  const part = (name: string) => parts.find((one) => one.name === name)?.value
  const host = parts[0]?.value ?? ''
  const names = parts.map(({ name }) => name)
  const [first = ''] = names
  const family: 0 | 4 | 6 = first.endsWith('4') ? 4 : first.endsWith('6') ? 6 : 0
  const isTls = names.includes('tls') || names.includes('wss')
  return {
    host,
    /** The kind of addresses that its name stands for; 0: both. */
    family,
    port: Number(part('tcp')),
    serverName: part('sni') ?? host,
    isTls,
    isWeb: isTls || names.includes('ws'),
  }
}

function judge(bytes: Buffer, isWeb: boolean, tookMs: number): Greeted {
  if (isWeb) {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString('latin1'))?.[1]
    if (status === '101') return { kind: 'node', tookMs }
    const reason =
      status === undefined
        ? 'it does not speak HTTP'
        : `it answered HTTP ${status} instead of opening a WebSocket`
    return { kind: 'other', reason, tookMs }
  }
  if (bytes.subarray(0, GREETING.length).equals(GREETING)) return { kind: 'node', tookMs }
  return { kind: 'other', reason: 'what answers is no node', tookMs }
}

async function firstBytes(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= GREETING.length) resolve()
  })
  socket.once('end', resolve)
  socket.once('error', reject)
  signal.addEventListener('abort', () => reject(signal.reason))
  await promise
  return Buffer.concat(chunks)
}

function upgradeRequest(host: string, port: number): string {
  const lines = [
    'GET / HTTP/1.1',
    `Host: ${host.includes(':') ? `[${host}]` : host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.from('pmesh-doctor-key').toString('base64')}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
