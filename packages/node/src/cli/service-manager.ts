import { execFile } from 'node:child_process'
import type { Environment } from '../config/environment.ts'

/** Longer than the 5 s that systemd-notify waits until systemd has taken what it sends. */
const TIMEOUT_MS = 10_000
/** Signs of life in the time after which systemd takes the node for hung: two may be late, or lost. */
const SIGNS_PER_TIMEOUT = 3

export interface ServiceManagerOptions {
  /** Of the process: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
  readonly env: Environment
  /** Hears that systemd cannot be told, for whatever reason, once until it can be again: the node goes on. */
  readonly onError: (error: Error) => void
  /** How long telling may take. @default 10000 */
  readonly timeoutMs?: number
}

/**
 * Tells systemd what the node does (sd_notify(3)), if it was started by it with `Type=notify`; nobody otherwise. Node
 * has no datagram sockets of Unix, and no dependency is worth three datagrams: systemd's own `systemd-notify` sends
 * them, for which the unit has `NotifyAccess=all`.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions
  readonly #isThere: boolean
  #signs: NodeJS.Timeout | undefined
  #isTelling = false
  #hasFailed = false

  constructor(options: ServiceManagerOptions) {
    this.#options = options
    this.#isThere = (options.env.NOTIFY_SOCKET ?? '') !== ''
  }

  /** The node takes and sends messages: what was ordered after it may start. Signs of life begin if they are wanted. */
  ready(): void {
    this.#tell('READY=1', 'STATUS=ready')
    const everyMs = this.#signsEveryMs()
    if (everyMs === undefined) return
    // Of a timer: it comes if, and only if, the event loop turns.
    this.#signs = setInterval(() => {
      if (!this.#isTelling) this.#tell('WATCHDOG=1')
    }, everyMs).unref()
  }

  /** The node has begun to stop. systemd expects no more signs of life. */
  stopping(): void {
    clearInterval(this.#signs)
    this.#tell('STOPPING=1', 'STATUS=stopping')
  }

  #signsEveryMs(): number | undefined {
    const { WATCHDOG_USEC: us, WATCHDOG_PID: pid } = this.#options.env
    const timeoutMs = Number(us ?? 0) / 1000
    const isMeant = pid === undefined || Number(pid) === process.pid
    return this.#isThere && isMeant && timeoutMs > 0 ? timeoutMs / SIGNS_PER_TIMEOUT : undefined
  }

  #tell(...states: string[]): void {
    if (!this.#isThere) return
    const { timeoutMs = TIMEOUT_MS, env } = this.#options
    this.#isTelling = true
    execFile(
      'systemd-notify',
      states,
      { env, timeout: timeoutMs, killSignal: 'SIGKILL' },
      (error, _, stderr) => {
        this.#isTelling = false
        const isNew = error !== null && !this.#hasFailed
        this.#hasFailed = error !== null
        if (!isNew) return
        const why = error.killed ? `it took longer than ${timeoutMs} ms` : stderr.trim() || error.message
        this.#options.onError(new Error(`systemd was not told "${states[0]}" by systemd-notify: ${why}`))
      },
    )
  }
}
