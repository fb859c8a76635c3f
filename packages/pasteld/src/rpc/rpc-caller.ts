import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Credentials } from './credentials.ts'
import { exchange } from './http-exchange.ts'
import type { CallOptions } from './pasteld-client.ts'
import type { PasteldClientOptions } from './pasteld-client-options.ts'
import { PasteldError } from './pasteld-error.ts'
import { Places } from './places.ts'
import { type Outcome, readAnswer } from './read-answer.ts'

/** A call as it is to be made. */
export interface RpcRequest {
  readonly method: string
  readonly params: readonly unknown[]
  /** It changes nothing, so it is made again also when nobody knows what became of it. */
  readonly isRead: boolean
  readonly maxAnswerBytes?: number
}

/** What the Python layer allows itself, and real nodes bear. */
const CONCURRENCY = 30
/** Callers that come faster than the core answers are told so; each that waits holds its request. */
const MAX_WAITING = 1_000
/** As long as the core itself gives a call. */
const TIMEOUT_MS = 30_000
/** The core takes no longer body: 32 MiB. */
const MAX_BODY_BYTES = 33_554_432
/** What all calls that wait may hold: two of the longest. */
const MAX_WAITING_BYTES = 2 * MAX_BODY_BYTES
/** 20,000 masternodes with all that is known of them are some 10 MB. */
const MAX_ANSWER_BYTES = 33_554_432
/** Pauses before another try, in ms, twice as long each time: a core that starts takes seconds to minutes. */
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 2_000
/** The core has four threads for calls, and closes connections that are idle for 30 s. */
const IDLE_CONNECTIONS = 4
const IDLE_MS = 20_000

/** Makes calls by HTTP: places for them, credentials, time limits, and other tries where those are safe. */
export class RpcCaller {
  /** As it may be shown. */
  readonly url: string
  readonly #url: URL
  readonly #timeoutMs: number
  readonly #places: Places
  readonly #credentials: Credentials
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS })
  /** Ends those that are under way. */
  readonly #endings = new Set<AbortController>()
  #isClosed = false
  #lastId = 0

  constructor(options: PasteldClientOptions) {
    this.#url = parseUrl(options.url)
    this.url = this.#url.href.replace(/\/$/, '')
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    this.#places = new Places({
      concurrency: options.concurrency ?? CONCURRENCY,
      maxWaiting: options.maxWaiting ?? MAX_WAITING,
      maxBytes: MAX_WAITING_BYTES,
    })
    this.#credentials = new Credentials(options)
  }

  /** @throws PasteldError; the signal's reason */
  async call(request: RpcRequest, options: CallOptions = {}): Promise<unknown> {
    const { signal, timeoutMs = this.#timeoutMs } = options
    signal?.throwIfAborted()
    if (this.#isClosed) throw closed()
    this.#lastId += 1
    const id = this.#lastId
    const body = encode(request, id)
    const leave = this.#places.enter(body.length)
    const ending = new AbortController()
    const giveUp = () => ending.abort(signal?.reason)
    const timer = setTimeout(() => ending.abort(new TimeIsOver()), timeoutMs)
    signal?.addEventListener('abort', giveUp, { once: true })
    this.#endings.add(ending)
    try {
      return await this.#tryUntilItIsOver({ ...request, id, body, timeoutMs }, ending.signal, options)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      this.#endings.delete(ending)
      leave()
    }
  }

  /** Ends what is under way, and what waits, with ERR_PASTELD_CLOSED. */
  close(): void {
    this.#isClosed = true
    for (const ending of this.#endings) ending.abort(closed())
    this.#agent.destroy()
  }

  async #tryUntilItIsOver(
    call: Call,
    signal: AbortSignal,
    { waitForCore = true }: CallOptions,
  ): Promise<unknown> {
    let last: PasteldError | undefined
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#try(call, signal, last)
      if (outcome.kind === 'result') return outcome.result
      last = outcome.error
      const isSafe = outcome.kind === 'later' || (outcome.kind === 'broken' && call.isRead)
      // A connection that was kept may have been closed by the core just now: nothing is wrong with it.
      const isStale = outcome.kind === 'broken' && tries === 1
      if (!isSafe || !(waitForCore || isStale)) throw isUncertain(outcome, call) ? uncertain(last) : last
      if (!isStale) await this.#pause(tries, signal, last)
    }
  }

  /** @throws the reason of the signal; when the time is over, what the try before failed with */
  async #try(call: Call, signal: AbortSignal, last: PasteldError | undefined): Promise<Outcome> {
    let giveBack: () => void
    try {
      giveBack = await this.#places.take(signal)
    } catch (reason) {
      throw over(reason, last ?? timeout(call, 'it waited for others, and was not made'))
    }
    try {
      const authorization = await this.#credentials.header()
      const outcome = await this.#exchange(call, authorization, signal, last)
      const isToTryAgain =
        outcome.kind === 'unauthorized' && (await this.#credentials.isRenewed(authorization))
      if (!isToTryAgain) return outcome
      return await this.#exchange(call, await this.#credentials.header(), signal, last)
    } catch (error) {
      // The core writes its cookie when it starts.
      if (error instanceof PasteldError && error.code === 'ERR_PASTELD_UNREACHABLE')
        return { kind: 'later', error }
      throw error
    } finally {
      giveBack()
    }
  }

  async #exchange(
    call: Call,
    authorization: string,
    signal: AbortSignal,
    last: PasteldError | undefined,
  ): Promise<Outcome> {
    const { body, isRead, maxAnswerBytes = MAX_ANSWER_BYTES } = call
    const ended = await exchange({
      url: this.#url,
      authorization,
      body,
      maxAnswerBytes,
      signal,
      // What must not be made twice never meets a connection that the core is just closing.
      ...(isRead && { agent: this.#agent }),
    })
    if (ended.kind !== 'failed' || !signal.aborted) {
      return readAnswer(ended, { ...call, url: this.url }, this.#credentials.advice)
    }
    const late = ended.wasSent
      ? timeout(call, 'there was no answer')
      : new PasteldError('ERR_PASTELD_UNREACHABLE', `no connection to the core at ${this.url} in time`)
    if (isRead || !ended.wasSent) throw over(signal.reason, last ?? late)
    const error = over(signal.reason, late)
    // A caller that gave up hears its own reason, and knows that it may be done all the same.
    throw error === late || this.#isClosed ? uncertain(error as PasteldError) : error
  }

  async #pause(tries: number, signal: AbortSignal, last: PasteldError): Promise<void> {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10), MAX_PAUSE_MS)
    try {
      // Callers that failed together do not come again together.
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal })
    } catch {
      throw over(signal.reason, last)
    }
  }
}

interface Call extends RpcRequest {
  readonly id: number
  readonly body: Buffer
  readonly timeoutMs: number
}

/** Why a call is given up when its time is over; nobody sees it. */
class TimeIsOver {}

/** What a call that has to end is rejected with. */
function over(reason: unknown, whenLate: PasteldError): unknown {
  return reason instanceof TimeIsOver ? whenLate : reason
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'http:' || url.username !== '' || url.password !== '') {
    throw new PasteldError(
      'ERR_PASTELD_REQUEST',
      'the URL of the core is http://HOST:PORT, without user and password, which have settings of their own',
    )
  }
  return url
}

function encode({ method, params }: RpcRequest, id: number): Buffer {
  const body = Buffer.from(JSON.stringify({ method, params, id }), 'utf8')
  if (body.length > MAX_BODY_BYTES) {
    const message = `a call of ${body.length} bytes is too long for the core, which takes ${MAX_BODY_BYTES}`
    throw new PasteldError('ERR_PASTELD_REQUEST', message)
  }
  return body
}

function isUncertain({ kind }: Outcome, { isRead }: Call): boolean {
  return !isRead && (kind === 'broken' || kind === 'unreadable')
}

function uncertain(cause: PasteldError): PasteldError {
  const message = `nobody can say whether it was done, so it is not tried again: ${cause.message}`
  return new PasteldError('ERR_PASTELD_UNCERTAIN', message, { cause })
}

function timeout({ timeoutMs }: Call, what: string): PasteldError {
  return new PasteldError(
    'ERR_PASTELD_TIMEOUT',
    `the call to the core took longer than ${timeoutMs} ms: ${what}`,
  )
}

function closed(): PasteldError {
  return new PasteldError('ERR_PASTELD_CLOSED', 'the client of the core was closed')
}
