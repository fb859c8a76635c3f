import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

export interface FileWatchOptions {
  readonly path: string
  /** How often the file is looked at where the system tells nothing, in ms. @default 2000 */
  readonly pollMs?: number
}

/** For file systems that do not tell of changes, such as those of other machines. */
const POLL_MS = 2_000
/** A file that was not touched for that long is not being written. */
const SETTLE_MS = 200
/** But who writes to it without end does not keep anybody from looking. */
const MAX_SETTLE_MS = 2_000

/** Tells when a file may have changed, or was replaced, made or removed; some time after the last change. */
export class FileWatch {
  readonly #path: string
  readonly #pollMs: number
  readonly #onChange: () => void
  #watcher: FSWatcher | undefined
  #poll: NodeJS.Timeout | undefined
  #settling: NodeJS.Timeout | undefined
  #unsettledSinceMs = 0
  #seen = ''

  constructor(options: FileWatchOptions, components: { onChange: () => void }) {
    this.#path = options.path
    this.#pollMs = options.pollMs ?? POLL_MS
    this.#onChange = components.onChange
  }

  async start(): Promise<void> {
    if (this.#poll !== undefined) return
    this.#poll = setInterval(() => void this.#look(), this.#pollMs)
    this.#watch()
    this.#seen = await this.#state()
  }

  async stop(): Promise<void> {
    this.#watcher?.close()
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
    this.#watcher = undefined
    this.#poll = undefined
    this.#settling = undefined
  }

  /** The folder and not the file: editors put another file in its place. */
  #watch(): void {
    try {
      const name = basename(this.#path)
      this.#watcher = watch(dirname(this.#path), (_, changed) => {
        if (changed === null || changed === name) this.#changed()
      })
      // The polling goes on.
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // There is no folder, or the system's watches are used up.
    }
  }

  async #look(): Promise<void> {
    const state = await this.#state()
    if (state === this.#seen) return
    this.#seen = state
    this.#changed()
  }

  async #state(): Promise<string> {
    const stats = await stat(this.#path).catch(() => undefined)
    return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`
  }

  #changed(): void {
    if (this.#poll === undefined) return
    const now = performance.now()
    if (this.#settling === undefined) this.#unsettledSinceMs = now
    const pauseMs = Math.min(SETTLE_MS, this.#unsettledSinceMs + MAX_SETTLE_MS - now)
    clearTimeout(this.#settling)
    this.#settling = setTimeout(
      () => {
        this.#settling = undefined
        this.#onChange()
      },
      Math.max(0, pauseMs),
    )
  }
}
