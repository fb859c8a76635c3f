import { MeshError } from '@pastel-mesh/identity'
import type { MessageStore, Pruned } from '@pastel-mesh/storage'

export interface RetentionOptions {
  /** What came longer ago is removed, in ms. @default 30 days */
  readonly maxAgeMs?: number
  /** Bytes of signed batches that are kept, the newest; the database takes somewhat more. @default 16 GiB */
  readonly maxBytes?: number
  /** How often it is looked at, in ms. @default 10 minutes */
  readonly intervalMs?: number
}

/** What a run of retention came to. */
export interface RetentionRun {
  /** In ms since 1970. */
  readonly startedAtMs: number
  readonly tookMs: number
  /** What was removed; undefined: it failed. */
  readonly pruned?: Pruned
  /** Why it failed. */
  readonly reason?: string
}

export interface RetentionStatus {
  readonly rules: Required<RetentionOptions>
  /** In ms since 1970; undefined: it does not run. */
  readonly runningSinceMs?: number
  /** The last run since the node was started. */
  readonly last?: RetentionRun
}

/** What a node keeps, and for how long. */
export interface NodeRetention {
  readonly status: RetentionStatus
  /** Other rules from now on; what is left out stays as it is. */
  change(options: RetentionOptions): void
  /**
   * Removes now what is to be removed, behind a run that is under way.
   * @throws MeshError ERR_NOT_STARTED, ERR_STOPPED; StorageError
   */
  run(): Promise<Pruned>
}

export interface RetentionTaskComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly onPruned: (pruned: Pruned) => void
  readonly onError: (error: unknown) => void
}

/** A month is what an operator looks back; the size is what a small server's disk has to spare. */
const DEFAULT_MAX_AGE_MS = 30 * 24 * 60 * 60_000
const DEFAULT_MAX_BYTES = 16 * 1024 ** 3
const DEFAULT_INTERVAL_MS = 10 * 60_000
/**
 * Where there is that much too much before that time it is looked at at once: a member may write 48 MiB a second. What
 * may not go does not count: only once that much has come since.
 */
const TOO_MUCH = 1 / 16
const CHECK_MS = 5_000

/** Removes what is too old or too much, now and then. */
export class RetentionTask implements NodeRetention {
  #options: Required<RetentionOptions>
  readonly #components: RetentionTaskComponents
  #isStarted = false
  #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  /** One run at a time. */
  #running: Promise<unknown> = Promise.resolve()
  #runningSinceMs: number | undefined
  #last: RetentionRun | undefined
  /** When it was looked at last, monotonic. */
  #lookedMs = 0
  /** Bytes that were left then. */
  #leftBytes = 0

  constructor(options: RetentionOptions, components: RetentionTaskComponents) {
    const { maxAgeMs = DEFAULT_MAX_AGE_MS, maxBytes = DEFAULT_MAX_BYTES } = options
    this.#options = { maxAgeMs, maxBytes, intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS }
    this.#components = components
  }

  get status(): RetentionStatus {
    return {
      rules: { ...this.#options },
      ...(this.#runningSinceMs === undefined ? {} : { runningSinceMs: this.#runningSinceMs }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
    }
  }

  start(): void {
    this.#isStarted = true
    this.#stopping = new AbortController()
    this.#lookedMs = performance.now()
    this.#schedule()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stopping.abort(new MeshError('ERR_STOPPED', 'the node stops'))
    await this.#running
  }

  change(options: RetentionOptions): void {
    this.#options = { ...this.#options, ...options }
    // What was left under other rules says nothing.
    this.#leftBytes = 0
    const isIdle = this.#runningSinceMs === undefined && !this.#stopping.signal.aborted
    if (this.#isStarted && isIdle) this.#schedule()
  }

  async run(): Promise<Pruned> {
    if (!this.#isStarted) throw new MeshError('ERR_NOT_STARTED', 'the node is not started')
    return this.#inTurn()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const { intervalMs, maxBytes } = this.#options
    const leftMs = Math.max(0, this.#lookedMs + intervalMs - performance.now())
    this.#timer = setTimeout(
      () => {
        const isDue = leftMs <= CHECK_MS
        const enoughBytes = Math.max(maxBytes, this.#leftBytes) + maxBytes * TOO_MUCH
        if (!isDue && this.#components.store.sizes.storedBytes <= enoughBytes) {
          this.#schedule()
          return
        }
        const { signal } = this.#stopping
        this.#inTurn().catch((error) => {
          if (!signal.aborted) this.#components.onError(error)
        })
      },
      Math.min(leftMs, CHECK_MS),
    )
  }

  #inTurn(): Promise<Pruned> {
    const turn = this.#running.then(() => this.#run())
    this.#running = turn.catch(() => {})
    return turn
  }

  async #run(): Promise<Pruned> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    clearTimeout(this.#timer)
    const { store, own, onPruned } = this.#components
    const { maxAgeMs, maxBytes } = this.#options
    const startedAtMs = Date.now()
    const beginMs = performance.now()
    const ended = (outcome: Pick<RetentionRun, 'pruned' | 'reason'>) => {
      this.#last = { startedAtMs, tookMs: Math.round(performance.now() - beginMs), ...outcome }
    }
    this.#runningSinceMs = startedAtMs
    try {
      const pruned = await store.prune({ receivedBeforeMs: startedAtMs - maxAgeMs, maxBytes, own, signal })
      this.#leftBytes = store.sizes.storedBytes
      ended({ pruned })
      if (pruned.entries > 0) onPruned(pruned)
      return pruned
    } catch (error) {
      ended({ reason: (error as Error).message })
      throw error
    } finally {
      this.#runningSinceMs = undefined
      this.#lookedMs = performance.now()
      if (!signal.aborted) this.#schedule()
    }
  }
}
