import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  type CertificateFrame,
  decodeCertificateFrame,
  encodeCertificateFrame,
  MAX_CERTIFICATE_FRAME_BYTES,
  ProtocolError,
} from '@pastel-mesh/protocol'

import { peerEpochMs } from './clock-check.ts'
import { hangUp } from './hang-up.ts'

/** What a refusal shows for itself. */
export type Grounds = Pick<CertificateFrame, 'certificate' | 'proof'>

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
  #wroteAtMs: number | undefined
  #peerEpochMs = 0

  static async open(connection: Connection, signal: AbortSignal): Promise<CertificateFrames> {
    return new CertificateFrames(await connection.newStream(CERTIFICATE_PROTOCOL, { signal }), signal)
  }

  constructor(stream: Stream, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    this.#frames = lpStream(stream, { maxDataLength: MAX_CERTIFICATE_FRAME_BYTES, maxBufferSize: 64 * 1024 })
  }

  /** The other end's clock, by the frame that was read last; see {@link peerEpochMs}. */
  get peerEpochMs(): number {
    return this.#peerEpochMs
  }

  async read(): Promise<CertificateFrame> {
    const frame = decodeCertificateFrame((await this.#frames.read({ signal: this.#signal })).subarray())
    const readAtMs = performance.now()
    // The first frame of the dialler answers nothing, so nothing tells how long it was on its way.
    this.#peerEpochMs = peerEpochMs(frame.timeMs, this.#wroteAtMs ?? readAtMs, readAtMs)
    return frame
  }

  async write(frame: Omit<CertificateFrame, 'timeMs'>): Promise<void> {
    this.#wroteAtMs = performance.now()
    await this.#frames.write(encodeCertificateFrame({ ...frame, timeMs: Date.now() }), {
      signal: this.#signal,
    })
  }

  /** Says no, and shows why as far as it can be shown; the connection is closed next. */
  async refuse(reason: string, grounds: Grounds = {}): Promise<void> {
    await this.write({ verdict: 'refused', reason, ...grounds })
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

/** A peer that does not listen by then is not told. */
const FAREWELL_TIMEOUT_MS = 1_000

/** Tells a certified peer why the connection is closed, and closes it: it would not be let in again to hear it. */
export function bidFarewell(connection: Connection, reason: string, grounds: Grounds): void {
  CertificateFrames.open(connection, AbortSignal.timeout(FAREWELL_TIMEOUT_MS))
    .then((frames) => frames.refuse(reason, grounds))
    .catch(() => {})
    .finally(() => hangUp(connection))
}

/** Whose fault it is that an exchange failed, and what to call it. */
export function blame(error: unknown): { by: 'us' | 'them'; reason: 'malformed' | 'timeout' | 'failed' } {
  const { name } = error as Error
  if (error instanceof ProtocolError || MALFORMED.has(name)) return { by: 'us', reason: 'malformed' }
  if (name === 'TimeoutError' || name === 'AbortError') return { by: 'us', reason: 'timeout' }
  return { by: 'them', reason: 'failed' }
}
