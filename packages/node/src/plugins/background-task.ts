import { checkTiming, nextTick, type Timing } from '@pastel-mesh/queue'
import type { BackgroundStatus } from '@pastel-mesh/sdk-server'
import { formatDuration, parseDuration } from '../config/durations.ts'
import { messageOf } from './message-of.ts'

/** A timer of Node that waits longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** How often what goes by the clock looks at it: it may be set. */
const LOOK_MS = 60_000

export interface BackgroundTaskOptions {
  readonly name: string
  readonly timing: { readonly every: string | number } | { readonly cron: string; readonly timeZone?: string }
}

export interface BackgroundTaskComponents {
  readonly run: () => unknown
  /** Hears what `run` throws. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Runs again and again, never twice at a time.
 *
 * ```
 *   start ──▶ waiting ── its time comes ──▶ running ── ends, or throws ──▶ waiting
 *                │                            │ its time comes: counted, and left out
 *                └───────── stop ─────────────┴──▶ stopped, when the run has ended
 * ```
 */
export class BackgroundTask {
  readonly name: string
  readonly #timing: Timing
  readonly #components: BackgroundTaskComponents
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  /** By {@link BackgroundTask.#nowMs}; undefined: it does not run. */
  #dueMs: number | undefined
  #lastAtMs: number | undefined
  #lastFailure: BackgroundStatus['lastFailure']
  #runs = 0
  #failures = 0
  #skipped = 0
  #runMs = 0

  /** @throws QueueError ERR_SCHEDULE; MeshError ERR_DURATION */
  constructor({ name, timing }: BackgroundTaskOptions, components: BackgroundTaskComponents) {
    this.name = name
    this.#timing = toTiming(timing)
    checkTiming(this.#timing)
    this.#components = components
  }

  start(): void {
    if (this.#dueMs === undefined) this.#plan(this.#nowMs())
  }

  /** Begins no more; what runs goes on. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#dueMs = undefined
  }

  /** Resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.rest()
    await this.#running
  }

  status(): BackgroundStatus {
    return {
      name: this.name,
      timing: describeTiming(this.#timing),
      runs: this.#runs,
      failures: this.#failures,
      skipped: this.#skipped,
      runMs: this.#runMs,
      isRunning: this.#running !== undefined,
      ...(this.#lastAtMs === undefined ? {} : { lastAtMs: this.#lastAtMs }),
      ...(this.#dueMs === undefined
        ? {}
        : { nextAtMs: Math.round(Date.now() + this.#dueMs - this.#nowMs()) }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
    }
  }

  /** What its times are counted by: an interval goes on as it is, however the clock of the machine is set. */
  #nowMs(): number {
    return 'everyMs' in this.#timing ? performance.now() : Date.now()
  }

  #plan(afterMs: number): void {
    this.#dueMs = 'everyMs' in this.#timing ? afterMs + this.#timing.everyMs : nextTick(this.#timing, afterMs)
    this.#wait(afterMs)
  }

  /** @param lastMs what the time was when it was looked at last */
  #wait(lastMs: number): void {
    const dueMs = this.#dueMs
    if (dueMs === undefined) return
    const waitMs = Math.ceil(Math.max(0, dueMs - this.#nowMs()))
    this.#timer = setTimeout(
      () => {
        const nowMs = this.#nowMs()
        // The clock was set back: what comes next may be long before what was next.
        if (nowMs < lastMs) this.#plan(nowMs)
        // A long wait is made of several; and a timer may fire a little early.
        else if (nowMs < dueMs) this.#wait(nowMs)
        else this.#due(dueMs)
      },
      Math.min(waitMs, 'everyMs' in this.#timing ? MAX_TIMER_MS : LOOK_MS),
    )
  }

  #due(dueMs: number): void {
    if (this.#running === undefined) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined
      })
    } else this.#skipped += 1
    // From when it was due, so that it does not drift; from now, if the next is over as well: the process stood still.
    const isLate = 'everyMs' in this.#timing && this.#nowMs() - dueMs >= this.#timing.everyMs
    this.#plan(isLate || !('everyMs' in this.#timing) ? this.#nowMs() : dueMs)
  }

  async #run(): Promise<void> {
    this.#lastAtMs = Date.now()
    const beginMs = performance.now()
    try {
      await this.#components.run()
    } catch (error) {
      this.#failures += 1
      this.#lastFailure = { message: messageOf(error), atMs: Date.now() }
      try {
        this.#components.onFailure(error)
      } catch {
        // It is counted; whoever was to hear of it has failed.
      }
    } finally {
      this.#runs += 1
      this.#runMs += performance.now() - beginMs
    }
  }
}

function toTiming(timing: BackgroundTaskOptions['timing']): Timing {
  if ('cron' in timing) return { cron: timing.cron, timeZone: timing.timeZone ?? 'UTC' }
  return { everyMs: typeof timing.every === 'string' ? parseDuration(timing.every) : timing.every }
}

function describeTiming(timing: Timing): string {
  if ('everyMs' in timing) return `every ${formatDuration(timing.everyMs)}`
  return `cron ${timing.cron}${timing.timeZone === 'UTC' ? '' : ` ${timing.timeZone}`}`
}
