import { MeshError } from '@pastel-mesh/identity'

/** The longest that a timer waits. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The end of what is good for a time only: a signal, aborted with ERR_TOKEN when it is ended, or when that time is over. */
export class Ending {
  readonly #end = new AbortController()
  readonly #now: () => number
  #timer: NodeJS.Timeout | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Ends it then, `Infinity`: never, instead of at the time that was set before. */
  endAt(timeMs: number, why: string): void {
    clearTimeout(this.#timer)
    const leftMs = timeMs - this.#now()
    if (leftMs <= 0) this.end(why)
    else if (leftMs < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.endAt(timeMs, why), Math.min(leftMs, MAX_TIMER_MS)).unref()
  }

  end(why: string): void {
    clearTimeout(this.#timer)
    this.#end.abort(new MeshError('ERR_TOKEN', why))
  }
}
