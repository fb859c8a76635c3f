/**
 * Starts and stops something, however often and at whatever moment it is asked to: starts at once are one start, each
 * stop waits for the end, and what failed to start can be started again.
 *
 * ```
 *   stopped ── start() ──▶ starting ──▶ running ── stop() ──▶ stopping ──▶ stopped
 *                              │ it failed                                    ▲
 *                              └──────────────────────────────────────────────┘
 * ```
 */
export class Lifecycle {
  readonly #open: () => Promise<void>
  readonly #close: () => Promise<void>
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  /** @param close also of what was never opened */
  constructor(open: () => Promise<void>, close: () => Promise<void>) {
    this.#open = open
    this.#close = close
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined
  }

  /** @throws what opening throws */
  async start(): Promise<void> {
    await this.#stopping
    this.#starting ??= this.#open().catch((error) => {
      this.#starting = undefined
      throw error
    })
    await this.#starting
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#end().finally(() => {
      this.#starting = undefined
      this.#stopping = undefined
    })
    await this.#stopping
  }

  async #end(): Promise<void> {
    await this.#starting?.catch(() => {})
    await this.#close()
  }
}
