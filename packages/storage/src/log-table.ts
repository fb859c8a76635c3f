import type { LogId } from '@pastel-mesh/protocol'
import type { Database } from './database.ts'
import { logKey } from './keys.ts'
import { decodeLogState, type LogNames, type LogState } from './log-state.ts'

/** Log states kept in memory: at some 600 bytes each, 10 MB. */
const MAX_CACHED_LOGS = 16_384

/** A log by its id, as text and as bytes. */
type LogName = Pick<LogNames, 'id' | 'bytes'>

/** A state that must not leave memory: someone is about to use it, or commits that lead to it are in flight. */
interface Held {
  state: LogState | undefined
  /** Whether `state` is known: nothing stored is `undefined` as well. */
  isRead: boolean
  holders: number
  commits: number
}

/**
 * The states of logs: as the next batch will find them, so ahead of the disk by the commits in flight. States
 * with commits in flight stay in memory; of the others those used last.
 */
export class LogTable {
  readonly #database: Database
  #held = new Map<LogId, Held>()
  #idle = new Map<LogId, LogState>()
  #epoch = 0

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /** Changes when the states were dropped because commits failed. */
  get epoch(): number {
    return this.#epoch
  }

  /** States in memory, those with commits in flight included. */
  get size(): number {
    return this.#held.size + this.#idle.size
  }

  /** The state of a log; undefined if nothing of it is stored. */
  load(id: LogId, bytes: Uint8Array): Promise<LogState | undefined> {
    return this.consult([{ id, bytes }], ([state]) => state)
  }

  /**
   * Looks up logs and calls `act` with their states, which are those of that moment: `act` must not wait for
   * anything.
   */
  async consult<T>(
    names: readonly LogName[],
    act: (states: readonly (LogState | undefined)[]) => T,
  ): Promise<T> {
    for (;;) {
      const epoch = this.#epoch
      const found = names.map((name) => ({ name, held: this.#hold(name.id) }))
      try {
        for (const { name, held } of found) if (!held.isRead) await this.#read(name, held)
        if (epoch === this.#epoch) return act(found.map(({ held }) => held.state))
      } finally {
        for (const { name, held } of found) this.#release(name.id, held)
      }
    }
  }

  /** Whether commits of this log are on their way. */
  isInFlight(id: LogId): boolean {
    return (this.#held.get(id)?.commits ?? 0) > 0
  }

  /**
   * Inside {@link consult}: a commit that leads to this state is on its way.
   * @returns to be called when it is on disk; if it fails, {@link clear} must follow
   */
  begin(state: LogState): () => void {
    const held = this.#hold(state.id)
    held.state = state
    held.isRead = true
    held.commits += 1
    return () => {
      held.commits -= 1
      this.#release(state.id, held)
    }
  }

  /** A log is removed from the disk, if it is as it was when it was looked at. @returns false if not, or in use */
  forget({ id, next, stored }: LogState): boolean {
    const idle = this.#idle.get(id)
    if (this.#held.has(id) || (idle !== undefined && (idle.next !== next || idle.stored !== stored)))
      return false
    this.#idle.delete(id)
    return true
  }

  /** Forgets everything; what is needed is read from the disk. */
  clear(): void {
    this.#epoch += 1
    this.#held = new Map()
    this.#idle = new Map()
  }

  #hold(id: LogId): Held {
    let held = this.#held.get(id)
    if (held === undefined) {
      const state = this.#idle.get(id)
      this.#idle.delete(id)
      held = { state, isRead: state !== undefined, holders: 0, commits: 0 }
      this.#held.set(id, held)
    }
    held.holders += 1
    return held
  }

  async #read({ id, bytes }: LogName, held: Held): Promise<void> {
    const value = await this.#database.get(logKey(bytes))
    // Another reader, and then a commit, may have been faster.
    if (held.isRead) return
    held.isRead = true
    if (value !== undefined) held.state = decodeLogState(id, bytes, value)
  }

  #release(id: LogId, held: Held): void {
    held.holders -= 1
    if (held.holders > 0 || this.#held.get(id) !== held) return
    this.#held.delete(id)
    if (held.state !== undefined) this.#idle.set(id, held.state)
    for (const oldest of this.#idle.keys()) {
      if (this.size <= MAX_CACHED_LOGS) break
      this.#idle.delete(oldest)
    }
  }
}
