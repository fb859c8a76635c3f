import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId } from '@pastel-mesh/identity'

export interface RecipientTasksComponents {
  /** What is done for a recipient. @throws what makes it be done again after a pause */
  readonly act: (recipient: PastelId) => Promise<void>
  readonly onError: (error: unknown) => void
  /** What failed is tried again after so long. @default 5 seconds */
  readonly retryMs?: number | undefined
}

const RETRY_MS = 5_000

/** Something that is done for recipients: for each of them once at a time, and once more if it was wanted meanwhile. */
export class RecipientTasks {
  readonly #components: RecipientTasksComponents
  readonly #running = new Map<PastelId, Promise<void>>()
  /** Of these, those for whom it was wanted meanwhile. */
  readonly #again = new Set<PastelId>()
  readonly #stopped = new AbortController()

  constructor(components: RecipientTasksComponents) {
    this.#components = components
  }

  get isStopped(): boolean {
    return this.#stopped.signal.aborted
  }

  run(recipient: PastelId): void {
    if (this.isStopped) return
    if (this.#running.has(recipient)) {
      this.#again.add(recipient)
      return
    }
    const running = this.#components
      .act(recipient)
      .catch((error) => {
        this.#components.onError(error)
        this.#again.add(recipient)
        return delay(this.#components.retryMs ?? RETRY_MS, undefined, { signal: this.#stopped.signal }).catch(
          () => {},
        )
      })
      .then(() => {
        this.#running.delete(recipient)
        if (this.#again.delete(recipient)) this.run(recipient)
      })
    this.#running.set(recipient, running)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#running.values())
  }
}
