import type { MessageStore, Pruned } from '@pastel-mesh/storage'

export interface RetentionOptions {
  /** What came longer ago is removed, in ms. @default 30 days */
  readonly maxAgeMs?: number
  /** Bytes of signed batches that are kept, the newest; the database takes somewhat more. @default 16 GiB */
  readonly maxBytes?: number
  /** How often it is looked at, in ms. @default 10 minutes */
  readonly intervalMs?: number
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
export class RetentionTask {
  readonly #options: Required<RetentionOptions>
  readonly #components: RetentionTaskComponents
  #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  /** Bytes that were left when it was looked at last. */
  #leftBytes = 0

  constructor(options: RetentionOptions, components: RetentionTaskComponents) {
    const { maxAgeMs = DEFAULT_MAX_AGE_MS, maxBytes = DEFAULT_MAX_BYTES } = options
    this.#options = { maxAgeMs, maxBytes, intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS }
    this.#components = components
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#schedule()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stopping.abort(new Error('the node stops'))
    await this.#running
  }

  /** @param sinceMs it was looked at last, monotonic */
  #schedule(sinceMs = performance.now()): void {
    const { intervalMs, maxBytes } = this.#options
    const leftMs = Math.max(0, sinceMs + intervalMs - performance.now())
    this.#timer = setTimeout(
      () => {
        const isDue = leftMs <= CHECK_MS
        const enoughBytes = Math.max(maxBytes, this.#leftBytes) + maxBytes * TOO_MUCH
        if (!isDue && this.#components.store.sizes.storedBytes <= enoughBytes) {
          this.#schedule(sinceMs)
          return
        }
        this.#running = this.#run().finally(() => {
          if (!this.#stopping.signal.aborted) this.#schedule()
        })
      },
      Math.min(leftMs, CHECK_MS),
    )
  }

  async #run(): Promise<void> {
    const { store, own, onPruned, onError } = this.#components
    const { maxAgeMs, maxBytes } = this.#options
    const { signal } = this.#stopping
    try {
      const pruned = await store.prune({ receivedBeforeMs: Date.now() - maxAgeMs, maxBytes, own, signal })
      this.#leftBytes = store.sizes.storedBytes
      if (pruned.entries > 0) onPruned(pruned)
    } catch (error) {
      if (!signal.aborted) onError(error)
    }
  }
}
