import { type Stream, StreamMessageEvent } from '@libp2p/interface'
import { FrameCutter, type Slice } from './frame-cutter.ts'
import type { IntakeAccount } from './intake.ts'
import { MAX_RPC_BYTES } from './settings.ts'

/** Frames that are handled before the event loop gets a turn: a megabyte of the smallest would take seconds. */
const MAX_FRAMES_A_TURN = 64

/**
 * Gives a stream the backpressure that its reader lacks: gossipsub takes whatever is there, all at once. What came
 * is passed on in pieces of a few frames, and what is over the peer's budget waits at the other end: the stream is
 * paused until the debt is paid.
 *
 * A stream whose frames cannot be told apart for certain is reset.
 *
 * Must listen before the reader does. Usually what came passes through untouched.
 */
export class PacedStream {
  readonly #stream: Stream
  readonly #account: IntakeAccount
  readonly #cutter = new FrameCutter(MAX_FRAMES_A_TURN, MAX_RPC_BYTES)
  readonly #waiting: Slice[] = []
  #timer: NodeJS.Timeout | undefined
  #isPassingOn = false
  #isResuming = false
  #hasEnded = false
  #isBroken = false

  constructor(stream: Stream, account: IntakeAccount) {
    this.#stream = stream
    this.#account = account
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#onRemoteCloseWrite)
    stream.addEventListener('close', this.#onClose, { once: true })
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    if (this.#isPassingOn) return
    const slices = this.#cut(event)
    if (slices === undefined) return
    const [only] = slices
    if (this.#timer === undefined && slices.length === 1 && only !== undefined) {
      this.#spend(only)
      if (this.#account.delayMs > 0) this.#hold()
      return
    }
    event.stopImmediatePropagation()
    this.#waiting.push(...slices)
    this.#hold()
  }

  /** The pieces of what came; undefined: it was malformed, and the stream is over. */
  #cut(event: StreamMessageEvent): Slice[] | undefined {
    if (this.#isBroken) {
      event.stopImmediatePropagation()
      return undefined
    }
    try {
      return this.#cutter.cut(event.data)
    } catch (error) {
      // Nothing of it reaches the reader, nor anything that was held.
      this.#isBroken = true
      event.stopImmediatePropagation()
      this.#stream.abort(error as Error)
      return undefined
    }
  }

  /** The reader is told that there is no more only when it has everything. */
  readonly #onRemoteCloseWrite = (event: Event): void => {
    if (this.#isPassingOn || this.#timer === undefined) return
    event.stopImmediatePropagation()
    this.#hasEnded = true
  }

  readonly #onClose = (): void => {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
  }

  #spend({ bytes, frames }: Slice): void {
    this.#account.spend(bytes.byteLength, frames)
  }

  #hold(): void {
    this.#timer ??= setTimeout(this.#continue, this.#account.delayMs)
    if (!this.#isResuming && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  readonly #continue = (): void => {
    this.#timer = undefined
    if (this.#account.delayMs > 0) {
      this.#hold()
      return
    }
    const slice = this.#waiting.shift()
    if (slice !== undefined) {
      this.#spend(slice)
      this.#passOn(new StreamMessageEvent(slice.bytes))
    }
    if (this.#waiting.length > 0) {
      this.#hold()
      return
    }
    this.#resume()
    if (this.#timer !== undefined) {
      this.#hold()
      return
    }
    if (!this.#hasEnded) return
    this.#hasEnded = false
    this.#passOn(new Event('remoteCloseWrite'))
  }

  /**
   * Delivers what came meanwhile, which may have to be held again. Pausing has to wait until `resume` returns: the
   * last thing that it does is to tell the other end to go on.
   */
  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#isResuming = true
    try {
      this.#stream.resume()
    } finally {
      this.#isResuming = false
    }
  }

  #passOn(event: Event): void {
    this.#isPassingOn = true
    try {
      this.#stream.dispatchEvent(event)
    } finally {
      this.#isPassingOn = false
    }
  }
}
