import { EMPTY_RUNNING_HASH, nextRunningHash } from './cursor.ts'
import { Listeners } from './listeners.ts'
import type { StoredEntry } from './stored-entry.ts'
import { Tail } from './tail.ts'

/** Where an entry stands in the order. */
export interface TakenPositions {
  readonly position: number
  readonly count: number
  readonly runningHash: Uint8Array
  readonly receivedAtMs: number
}

/** The arrival order's growing end. */
export class ArrivalOrder {
  readonly tail = new Tail()
  /** Called after each entry is on disk, in order. */
  readonly appended = new Listeners<StoredEntry>()
  /** Called after anything that a waiting reader may have to look at: an entry, reopening, the end. */
  readonly changed = new Listeners()
  /** Where the next entry goes: ahead of the disk by the commits in flight. */
  #next = { position: 0, runningHash: EMPTY_RUNNING_HASH, receivedAtMs: 0 }
  #end = 0

  /** Everything below is on disk, or was. */
  get end(): number {
    return this.#end
  }

  /** Begins behind what is on disk. */
  reset(last: TakenPositions | undefined): void {
    const position = last === undefined ? 0 : last.position + last.count
    this.#next = {
      position,
      runningHash: last?.runningHash ?? EMPTY_RUNNING_HASH,
      receivedAtMs: last?.receivedAtMs ?? 0,
    }
    this.#end = position
    this.tail.clear()
  }

  /** Gives an entry the next positions. Time never goes back in the order, whatever the clock does. */
  take(count: number, hash: Uint8Array): TakenPositions {
    const { position } = this.#next
    const runningHash = nextRunningHash(this.#next.runningHash, hash, position)
    const receivedAtMs = Math.max(Date.now(), this.#next.receivedAtMs)
    this.#next = { position: position + count, runningHash, receivedAtMs }
    return { position, count, runningHash, receivedAtMs }
  }

  /** An entry is on disk. */
  append(entry: StoredEntry): void {
    this.#end = entry.position + entry.count
    this.tail.push(entry)
    this.appended.call(entry)
    this.changed.call()
  }

  /** Waits until something changed. */
  change(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(signal?.reason)
    const remove = this.changed.add(resolve)
    signal?.addEventListener('abort', abort, { once: true })
    return promise.finally(() => {
      remove()
      signal?.removeEventListener('abort', abort)
    })
  }
}
