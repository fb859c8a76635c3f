import { randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'

/** libp2p's ping: what one end writes, 32 bytes, the other sends back. */
const PING_PROTOCOL = '/ipfs/ping/1.0.0'
const PING_BYTES = 32
/** As many as the other end takes. */
const MAX_PINGS = 2

/**
 * Pings a peer on one of its connections. (`@libp2p/ping` measures whole milliseconds, and takes any connection.)
 * @returns how long the answer took, in ms
 * @throws if the connection is closed, or there is no right answer before the signal fires
 */
export async function pingConnection(connection: Connection, signal: AbortSignal): Promise<number> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal, maxOutboundStreams: MAX_PINGS })
  try {
    const bytes = byteStream(stream)
    const sent = randomBytes(PING_BYTES)
    const sinceMs = performance.now()
    await bytes.write(sent, { signal })
    const answer = await bytes.read({ bytes: PING_BYTES, signal })
    const tookMs = performance.now() - sinceMs
    if (!sent.equals(answer.subarray())) throw new Error('the answer to a ping is not what was sent')
    await stream.close({ signal })
    return tookMs
  } catch (error) {
    stream.abort(error as Error)
    throw error
  }
}
