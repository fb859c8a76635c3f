import { MeshError } from '@pastel-mesh/identity'

export interface LifecycleComponents {
  /** Starts everything; gives up when the signal is aborted. If it fails, `close` follows. */
  readonly open: (signal: AbortSignal) => Promise<void>
  /** Ends whatever was started. */
  readonly close: () => Promise<void>
}

/**
 * Opens once and closes once, however often and in whatever order that is asked for; each call waits for the
 * end of what it asked for.
 *
 * ```
 *   new ── start() ──▶ starting ──▶ started ── stop() ──▶ stopping ──▶ stopped, for good
 *                         └── it failed, or stop() ───────────▲
 * ```
 */
export class Lifecycle {
  readonly #components: LifecycleComponents
  readonly #stopped = new AbortController()
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(components: LifecycleComponents) {
    this.#components = components
  }

  /** @throws what the first start failed with; MeshError ERR_STOPPED */
  async start(): Promise<void> {
    this.#stopped.signal.throwIfAborted()
    this.#starting ??= this.#open()
    await this.#starting
  }

  async stop(): Promise<void> {
    if (this.#starting === undefined) return
    this.#stopped.abort(new MeshError('ERR_STOPPED', 'the node was stopped: make another one'))
    await this.#starting.catch(() => {})
    await this.#close()
  }

  async #open(): Promise<void> {
    try {
      await this.#components.open(this.#stopped.signal)
    } catch (error) {
      this.#stopped.abort(error)
      await this.#close()
      throw error
    }
  }

  #close(): Promise<void> {
    this.#closing ??= this.#components.close()
    return this.#closing
  }
}
