import { randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { answerJson, NoAnswer } from './json-rpc.ts'
import type { Latencies } from './latency.ts'
import type { MethodContext } from './methods/method.ts'
import { resolveMethod, UNKNOWN } from './methods/resolve.ts'
import type { AnswerFault, CallCounts } from './options.ts'
import { RPC_IN_WARMUP, RpcError } from './rpc-error.ts'
import { type HttpAnswer, type HttpRequest, RpcServer, type RpcServerOptions } from './rpc-server.ts'

/** What a wrong password waits for its answer, in a thread. */
const WRONG_PASSWORD_MS = 250
const ASKS_FOR_PASSWORD = { 'WWW-Authenticate': 'Basic realm="jsonrpc"' }
const COOKIE_USER = '__cookie__'

export interface CoreOptions extends RpcServerOptions {
  /** Where the `.cookie` file goes. */
  readonly chainFolder: string
  /** Undefined: a new cookie with each start. */
  readonly login: { readonly user: string; readonly password: string } | undefined
  readonly warmUpMs: number
}

export interface CoreComponents {
  readonly context: MethodContext
  readonly latencies: Latencies
}

/** From one start to the next stop. */
interface Run {
  readonly server: RpcServer
  readonly credentials: string
  /** When it begins to do what it is asked for, by the process's clock in ms. */
  readonly readyAtMs: number
  /** Aborts what is worked on. */
  readonly crash: AbortController
}

/**
 * One emulated core: stopped → warming up (-28) → running → stopping → stopped. While it is running, and only then, it
 * gets messages of others.
 */
export class EmulatedCore {
  readonly #options: CoreOptions
  readonly #context: MethodContext
  readonly #latencies: Latencies
  readonly #faults: { fault: AnswerFault; left: number }[] = []
  readonly #calls = new Map<string, { calls: number; failed: number }>()
  #run: Run | undefined

  constructor(options: CoreOptions, { context, latencies }: CoreComponents) {
    this.#options = options
    this.#context = context
    this.#latencies = latencies
  }

  get isConnected(): boolean {
    return this.#run !== undefined && performance.now() >= this.#run.readyAtMs
  }

  get calls(): CallCounts {
    return Object.fromEntries([...this.#calls].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  get messages() {
    return this.#context.messages
  }

  get keys() {
    return this.#context.keys
  }

  arm(fault: AnswerFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  async start(warmUpMs = this.#options.warmUpMs): Promise<void> {
    if (this.#run !== undefined) return
    const server = new RpcServer(this.#options, { handle: (request) => this.#handle(run, request) })
    const run: Run = {
      server,
      credentials: this.#makeCredentials(),
      readyAtMs: performance.now() + warmUpMs,
      crash: new AbortController(),
    }
    this.#run = run
    try {
      await server.start()
    } catch (error) {
      this.#run = undefined
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#run?.server.stop()
    if (this.#options.login === undefined) rmSync(this.#cookiePath, { force: true })
    this.#run = undefined
  }

  async crash(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    run?.crash.abort()
    await run?.server.crash()
  }

  get #cookiePath(): string {
    return join(this.#options.chainFolder, '.cookie')
  }

  #makeCredentials(): string {
    const { login, chainFolder } = this.#options
    if (login !== undefined) return `${login.user}:${login.password}`
    const cookie = `${COOKIE_USER}:${randomBytes(32).toString('hex')}`
    mkdirSync(chainFolder, { recursive: true })
    writeFileSync(this.#cookiePath, cookie, { mode: 0o600 })
    return cookie
  }

  async #handle(run: Run, { authorization, body }: HttpRequest): Promise<HttpAnswer> {
    if (authorization === undefined) return { status: 401, headers: ASKS_FOR_PASSWORD, body: '' }
    if (!isAuthorized(authorization, run.credentials)) {
      await delay(WRONG_PASSWORD_MS)
      return { status: 401, headers: ASKS_FOR_PASSWORD, body: '' }
    }
    let happened: AnswerFault['how'] | undefined
    try {
      const answer = await answerJson(body, (method, params) =>
        this.#execute(run, method, params, (how) => {
          happened = how
        }),
      )
      return spoil({ ...answer, headers: { 'Content-Type': 'application/json' } }, happened)
    } catch (error) {
      if (error instanceof NoAnswer) return { status: 500, body: '', ending: 'reset' }
      throw error
    }
  }

  async #execute(
    run: Run,
    method: string,
    params: readonly unknown[],
    onFault: (how: AnswerFault['how']) => void,
  ): Promise<unknown> {
    const { name, call } = resolveMethod(method, params)
    const count = this.#calls.get(name) ?? { calls: 0, failed: 0 }
    this.#calls.set(name, count)
    count.calls += 1
    try {
      if (performance.now() < run.readyAtMs) throw new RpcError(RPC_IN_WARMUP, 'Loading block index...')
      await delay(this.#latencies.next(name), undefined, { signal: run.crash.signal }).catch(() => {
        throw new NoAnswer()
      })
      const how = name === UNKNOWN ? undefined : this.#takeFault(name)
      if (how === 'reset') throw new NoAnswer()
      if (typeof how === 'object') throw new RpcError(how.code, how.message)
      if (how !== undefined) onFault(how)
      return await call(params, this.#context)
    } catch (error) {
      count.failed += 1
      throw error
    }
  }

  #takeFault(name: string): AnswerFault['how'] | undefined {
    const armed = this.#faults.find(({ fault, left }) => fault.method === name && left > 0)
    if (armed === undefined) return undefined
    armed.left -= 1
    return armed.fault.how
  }
}

function isAuthorized(authorization: string, credentials: string): boolean {
  const [, encoded] = /^Basic (.*)$/.exec(authorization) ?? []
  if (encoded === undefined) return false
  const [given, wanted] = [Buffer.from(encoded, 'base64'), Buffer.from(credentials)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function spoil(answer: HttpAnswer, how: AnswerFault['how'] | undefined): HttpAnswer {
  if (how === 'lost') return { ...answer, ending: 'reset' }
  if (how === 'cut-off' || how === 'silent') return { ...answer, ending: how }
  if (how !== 'not-json') return answer
  return { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html><body>not JSON</body></html>' }
}
