import { MeshError } from '@pastel-mesh/identity'

export interface DrainComponents {
  /** Starts no more jobs; those that run go on. */
  readonly rest: () => Promise<void>
  /** Hears that it has begun. */
  readonly onBegin: () => void
}

/**
 * Whether the node takes no more own messages and jobs. What others send it, and what its jobs send, goes on; it does not
 * take anything again before it is started anew.
 *
 * ```
 *   taking ── begin() ──▶ draining, until the end of the process
 * ```
 */
export class Drain {
  readonly #components: DrainComponents
  #sinceMs: number | undefined

  constructor(components: DrainComponents) {
    this.#components = components
  }

  /** In ms since 1970; undefined: it takes what it is given. */
  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  async begin(): Promise<void> {
    if (this.#sinceMs === undefined) {
      this.#sinceMs = Date.now()
      this.#components.onBegin()
    }
    await this.#components.rest()
  }

  /** @throws MeshError ERR_DRAINING */
  assertTaking(): void {
    if (this.#sinceMs === undefined) return
    throw new MeshError(
      'ERR_DRAINING',
      'the node is being drained: it takes no more until it is started anew',
    )
  }
}
