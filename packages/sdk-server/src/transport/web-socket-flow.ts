import type { Socket } from 'node:net'
import type { WebSocket } from '@fastify/websocket'
import { TRPCError } from '@trpc/server'
import type { Connection } from '../trpc.ts'

/** Each is answered with a page of 4 MiB at most: what one who does not read costs. Enough to keep two cores busy. */
const MAX_RUNNING_CALLS = 8
/** Bytes of answers that wait for the reader: what keeps a fast one busy. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * What goes over one WebSocket, both ways: as long as its reader does not take what there is, no call begins, no
 * subscription goes on, and nothing is read.
 */
export class WebSocketFlow implements Connection {
  readonly #socket: WebSocket
  #running = 0
  #beside = 0
  #isHeld = false
  /** Calls. */
  readonly #waiting: (() => void)[] = []
  /** Subscriptions. */
  readonly #untaken: (() => void)[] = []
  readonly closed: Promise<void>
  #onRest: (() => void) | undefined

  constructor(socket: WebSocket, stream: Socket) {
    this.#socket = socket
    stream.on('drain', () => this.goOn())
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.goOn()
        resolve()
      })
    })
  }

  /** @throws TRPCError CLIENT_CLOSED_REQUEST: it is gone before its turn */
  async inTurn<T>(call: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    this.goOn()
    await promise
    try {
      if (this.#socket.readyState === this.#socket.CLOSED) {
        throw new TRPCError({ code: 'CLIENT_CLOSED_REQUEST', message: 'the caller is gone' })
      }
      return await call()
    } finally {
      this.#running -= 1
      // When it is answered.
      setImmediate(() => this.goOn())
    }
  }

  async beside<T>(call: () => Promise<T>): Promise<T> {
    this.#beside += 1
    try {
      return await call()
    } finally {
      this.#beside -= 1
      // When it is answered.
      setImmediate(() => this.goOn())
    }
  }

  async taken(): Promise<void> {
    while (this.#isFull) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#untaken.push(resolve)
      this.goOn()
      await promise
    }
  }

  /** Reads nothing, until it is set to false. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
    this.goOn()
  }

  /** Calls back when no call is under way, perhaps at once; subscriptions may be. */
  whenRested(onRest: () => void): void {
    this.#onRest = onRest
    this.goOn()
  }

  /** Looks at what there is to take. */
  goOn(): void {
    if (!this.#isFull) for (const go of this.#untaken.splice(0)) go()
    while (!this.#isFull && this.#running < MAX_RUNNING_CALLS && this.#waiting.length > 0) {
      this.#running += 1
      this.#waiting.shift()?.()
    }
    if (this.#running + this.#beside + this.#waiting.length === 0) this.#onRest?.()
    // Once it closes, the other end's answer to that has to be read.
    const isOpen = this.#socket.readyState === this.#socket.OPEN
    const isPaused = isOpen && (this.#isHeld || this.#isFull || this.#waiting.length > 0)
    if (isPaused && !this.#socket.isPaused) this.#socket.pause()
    else if (!isPaused && this.#socket.isPaused) this.#socket.resume()
  }

  /** Whether nothing is read because of calls that wait for others, and not for the reader. */
  get isBehind(): boolean {
    return this.#waiting.length > 0 && !this.#isFull
  }

  /** What is made while it closes is for nobody. */
  get #isFull(): boolean {
    const { readyState, bufferedAmount, CLOSED, CLOSING } = this.#socket
    return readyState === CLOSING || (readyState !== CLOSED && bufferedAmount > MAX_WAITING_BYTES)
  }
}
