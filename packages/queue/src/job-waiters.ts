import type { JobEvent } from './driver.ts'

/** Ends of jobs that somebody waits for. */
const ENDS: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'expired', 'removed'])

interface Waiter {
  readonly wake: () => void
  readonly refuse: (error: unknown) => void
}

/** Who waits for jobs to end. */
export class JobWaiters {
  readonly #byId = new Map<string, Set<Waiter>>()
  readonly #any = new Set<Waiter>()

  /** Whoever waits for the end of a job; to be released. */
  end(id: string, signal?: AbortSignal): { next(): Promise<void>; release(): void } {
    let { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})
    const waiter = { wake: () => resolve(), refuse: (error: unknown) => reject(error) }
    const onAbort = () => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    const waiters = this.#byId.get(id) ?? new Set()
    waiters.add(waiter)
    this.#byId.set(id, waiters)
    return {
      async next() {
        await promise
        ;({ promise, resolve, reject } = Promise.withResolvers<void>())
        promise.catch(() => {})
      },
      release: () => {
        signal?.removeEventListener('abort', onAbort)
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#byId.get(id) === waiters) this.#byId.delete(id)
      },
    }
  }

  /** Whoever waits until any job ends, or is put off; to be released. */
  anyEnd(signal?: AbortSignal): { next(): Promise<void>; release(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})
    const waiter = { wake: resolve, refuse: reject }
    const onAbort = () => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    this.#any.add(waiter)
    return {
      next: () => promise,
      release: () => {
        signal?.removeEventListener('abort', onAbort)
        this.#any.delete(waiter)
      },
    }
  }

  onEvent({ type, id }: JobEvent): void {
    if (this.#byId.size === 0 && this.#any.size === 0) return
    if (ENDS.has(type)) this.wake(id)
    // One that is tried again later neither waits nor runs until then.
    else if (type === 'retrying') this.#wakeAny()
  }

  /** A job has ended; without an id: any may have. */
  wake(id?: string): void {
    const waiting = id === undefined ? [...this.#byId.values()] : [this.#byId.get(id) ?? []]
    for (const waiters of waiting) for (const { wake } of waiters) wake()
    this.#wakeAny()
  }

  /** Nothing ends any more. */
  stop(error: unknown): void {
    for (const waiters of this.#byId.values()) for (const { refuse } of waiters) refuse(error)
    for (const { refuse } of this.#any) refuse(error)
  }

  #wakeAny(): void {
    for (const { wake } of this.#any) wake()
  }
}
