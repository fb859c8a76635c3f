import type { Socket } from 'node:net'
import type { WebSocket } from '@fastify/websocket'
import type { AnyRouter } from '@trpc/server'
import { Ending } from '../auth/ending.ts'
import type { Session } from '../auth/session.ts'
import type { Context } from '../trpc.ts'
import { MAX_STRANGER_BODY_BYTES } from './limits.ts'
import { parseMessage, readCalls, WebSocketViolation } from './web-socket-calls.ts'
import { WebSocketFlow } from './web-socket-flow.ts'
import { keepAlive } from './web-socket-pulse.ts'

/** Whoever has shown no good login by then is closed: what one may do without is done in less. */
const LOGIN_MS = 10_000
/** Whoever is asked to connect again, its login being over, has that long for it: until then it is told so. */
const RECONNECT_MS = 5_000
/** The other end has that long to answer that it closes, too. */
const CLOSE_MS = 1_000
/** Codes of RFC 6455: the server stops; against what is expected here; too large. */
const GOING_AWAY = 1001
const VIOLATION = 1008
const TOO_LARGE = 1009

const LOGIN_OVER = 'the login of this connection is over: connect again'

/** What clients of tRPC understand. */
const RECONNECT = JSON.stringify({ id: null, method: 'reconnect' })

export interface WebSocketConnectionComponents {
  readonly socket: WebSocket
  /** What the WebSocket is on. */
  readonly stream: Socket
  readonly router: AnyRouter
  /** Counts what came. @throws RateLimitError */
  readonly charge: (session: Session | undefined) => void
  /** The time by which logins end. */
  readonly now: () => number
}

/**
 * One WebSocket, and who it is from:
 *
 *     silent ──▶ logging in ──▶ known ──▶ (its login is over) ──▶ closed
 *                    └────────▶ stranger ──▶ closed
 *
 * It is silent if it said that it shows its login in its first message. Whoever is not known in time is closed, and
 * takes no more until then than a stranger's request may have. Whoever was, and whose login is over, is asked to connect
 * again with another; its calls are refused until it has.
 */
export class WebSocketConnection {
  readonly #socket: WebSocket
  readonly #stream: Socket
  readonly #router: AnyRouter
  readonly #charge: WebSocketConnectionComponents['charge']
  readonly #now: () => number
  readonly #late: NodeJS.Timeout
  readonly #flow: WebSocketFlow
  #state: 'silent' | 'logging in' | 'known' | 'stranger' = 'silent'
  #session: Session | undefined
  /** What came while it was logging in: whose it is shows later. */
  #uncharged = 0
  #strangerBytes = 0

  constructor({ socket, stream, router, charge, now }: WebSocketConnectionComponents) {
    this.#socket = socket
    this.#stream = stream
    this.#router = router
    this.#charge = charge
    this.#now = now
    this.#flow = new WebSocketFlow(socket, stream)
    keepAlive(socket, () => this.#flow.isBehind)
    this.#late = setTimeout(() => this.#refuse(VIOLATION, `log in within ${LOGIN_MS / 1000} s`), LOGIN_MS)
    socket.once('close', () => clearTimeout(this.#late))
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    socket.on('ping', () => this.#count())
    socket.on('pong', () => this.#count())
    stream.on('data', this.#onBytes)
  }

  /** What tRPC is to have of a message. @throws Error: it is none */
  readonly decode = (data: string | ArrayBuffer | Uint8Array): unknown => {
    if (this.#socket.readyState !== this.#socket.OPEN) return []
    // What it shows; tRPC checks its shape.
    if (this.#state === 'silent') return parseMessage(data)
    try {
      return readCalls(data, this.#router, (answer) => this.#socket.send(answer))
    } catch (error) {
      if (!(error instanceof WebSocketViolation)) throw error
      this.#refuse(VIOLATION, error.message)
      return []
    }
  }

  /** @param find whom what it showed stands for */
  async logIn(find: () => Promise<Context>): Promise<Context> {
    this.#state = 'logging in'
    // What comes next may be larger than a stranger's.
    this.#flow.isHeld = true
    try {
      const context = await find()
      this.#session = context.session
      return { ...context, connection: this.#flow }
    } finally {
      this.#state = this.#session === undefined ? 'stranger' : 'known'
      if (this.#state === 'known') {
        clearTimeout(this.#late)
        this.#stream.off('data', this.#onBytes)
      }
      if (this.#session !== undefined) this.#endWith(this.#session)
      for (; this.#uncharged > 0; this.#uncharged -= 1) this.#count()
      this.#flow.isHeld = false
    }
  }

  /** Asks the other end to connect again, and closes when the calls that are under way are answered. */
  end(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#socket.send(RECONNECT)
    this.#flow.whenRested(() => this.#socket.close(GOING_AWAY, 'this node stops'))
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** Asks for another connection when what this one began with is over, and closes it. */
  #endWith({ ended, expiresAtMs = Number.POSITIVE_INFINITY }: Session): void {
    const socket = this.#socket
    const expiry = new Ending(this.#now)
    let closing: NodeJS.Timeout | undefined
    const over = () => {
      if (closing !== undefined || socket.readyState !== socket.OPEN) return
      socket.send(RECONNECT)
      closing = setTimeout(
        () => this.#flow.whenRested(() => socket.close(VIOLATION, LOGIN_OVER)),
        RECONNECT_MS,
      )
    }
    ended?.addEventListener('abort', over)
    expiry.signal.addEventListener('abort', over)
    expiry.endAt(expiresAtMs, LOGIN_OVER)
    if (ended?.aborted === true) over()
    socket.once('close', () => {
      ended?.removeEventListener('abort', over)
      expiry.endAt(Number.POSITIVE_INFINITY, LOGIN_OVER)
      clearTimeout(closing)
    })
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#flow.goOn()
    // That with which one logs in is free: everybody behind an address comes again at once when the server restarts.
    if (this.#state === 'silent' && (isBinary || !isBeat(data))) return
    this.#count()
  }

  readonly #onBytes = (chunk: Buffer): void => {
    if (this.#state === 'logging in') return
    this.#strangerBytes += chunk.length
    if (this.#strangerBytes > MAX_STRANGER_BODY_BYTES) this.#refuse(TOO_LARGE, 'log in to send that much')
  }

  #count(): void {
    if (this.#state === 'logging in') {
      this.#uncharged += 1
      return
    }
    try {
      this.#charge(this.#session)
    } catch (error) {
      this.#refuse(VIOLATION, (error as Error).message)
    }
  }

  /** Closes; what still comes is not looked at. */
  #refuse(code: number, reason: string): void {
    this.#socket.removeAllListeners('message').removeAllListeners('ping').removeAllListeners('pong')
    this.#stream.off('data', this.#onBytes)
    this.#socket.close(code, reason)
    const cut = setTimeout(() => this.#socket.terminate(), CLOSE_MS)
    this.#socket.once('close', () => clearTimeout(cut))
  }
}

/** The signs of life of tRPC. */
function isBeat(data: Buffer): boolean {
  return data.length === 4 && ['PING', 'PONG'].includes(data.toString())
}
