import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  type CertificateFrame,
  decodeCertificateFrame,
  encodeCertificateFrame,
  MAX_CERTIFICATE_FRAME_BYTES,
  ProtocolError,
} from '@pastel-mesh/protocol'

/** Protocol on which two nodes show each other their certificates. */
export const CERTIFICATE_PROTOCOL = '/pastel-mesh/certificate/1'

/** Failures of the framing that the other end's bytes are to blame for. */
const MALFORMED = new Set([
  'InvalidDataLengthError',
  'InvalidDataLengthLengthError',
  'InvalidMessageLengthError',
  'StreamBufferError',
])

/** The frames of one exchange; all of it must be over before the signal fires. */
export class CertificateFrames {
  readonly #stream: Stream
  readonly #signal: AbortSignal
  readonly #frames: ReturnType<typeof lpStream>

  static async open(connection: Connection, signal: AbortSignal): Promise<CertificateFrames> {
    return new CertificateFrames(await connection.newStream(CERTIFICATE_PROTOCOL, { signal }), signal)
  }

  constructor(stream: Stream, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    this.#frames = lpStream(stream, { maxDataLength: MAX_CERTIFICATE_FRAME_BYTES, maxBufferSize: 64 * 1024 })
  }

  async read(): Promise<CertificateFrame> {
    return decodeCertificateFrame((await this.#frames.read({ signal: this.#signal })).subarray())
  }

  async write(frame: CertificateFrame): Promise<void> {
    await this.#frames.write(encodeCertificateFrame(frame), { signal: this.#signal })
  }

  /** Says no; the connection is closed next. */
  async refuse(reason: string): Promise<void> {
    await this.write({ verdict: 'refused', reason })
    await this.#stream.close({ signal: this.#signal })
  }

  /**
   * Ends the exchange. A stream that one end leaves open counts against the few that a connection may have: there
   * would be none for the next certificate.
   * @param hasLastWord the other end has yet to read what was written last, and ends the stream then
   */
  async end(hasLastWord: boolean): Promise<void> {
    try {
      await this.#stream.close({ signal: this.#signal })
      if (hasLastWord && this.#stream.status === 'open') await this.#frames.read({ signal: this.#signal })
    } catch {
      // The stream is over, or the other end goes on talking.
    }
    this.abort()
  }

  abort(): void {
    this.#stream.abort(new Error('the exchange of certificates is over'))
  }
}

/** Whose fault it is that an exchange failed, and what to call it. */
export function blame(error: unknown): { by: 'us' | 'them'; reason: 'malformed' | 'timeout' | 'failed' } {
  const { name } = error as Error
  if (error instanceof ProtocolError || MALFORMED.has(name)) return { by: 'us', reason: 'malformed' }
  if (name === 'TimeoutError' || name === 'AbortError') return { by: 'us', reason: 'timeout' }
  return { by: 'them', reason: 'failed' }
}
