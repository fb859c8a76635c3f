import type { MessageContent, SignedBatch } from '@pastel-mesh/protocol'
import { EMPTY_RUNNING_HASH, nextRunningHash } from './cursor.ts'
import { Listeners } from './listeners.ts'
import type { ArrivalRecord } from './records.ts'
import { type StoredBatch, toStoredBatch } from './stored-batch.ts'
import { Tail } from './tail.ts'

/** The arrival order's growing end. */
export class ArrivalOrder {
  readonly tail = new Tail()
  /** Called after each entry is on disk, in order. */
  readonly appended = new Listeners<StoredBatch>()
  /** Called after anything that a waiting reader may have to look at: an entry, reopening, the end. */
  readonly changed = new Listeners()
  /** Where the next batch goes: ahead of the disk by the commits in flight. */
  #next = { position: 0, runningHash: EMPTY_RUNNING_HASH }
  #end = 0

  /** Everything below is on disk. */
  get end(): number {
    return this.#end
  }

  /** Begins behind the last entry that is on disk. */
  reset(last: ArrivalRecord | undefined): void {
    const position = last === undefined ? 0 : last.position + last.count
    this.#next = { position, runningHash: last?.runningHash ?? EMPTY_RUNNING_HASH }
    this.#end = position
    this.tail.clear()
  }

  /** Gives a batch the next positions. */
  take(signed: SignedBatch, messages?: readonly MessageContent[]): StoredBatch {
    const { position } = this.#next
    const { count } = signed.batch
    const runningHash = nextRunningHash(this.#next.runningHash, signed.hash, position)
    this.#next = { position: position + count, runningHash }
    const record = { position, count, runningHash, receivedAtMs: Date.now(), envelope: signed.envelope }
    return toStoredBatch(record, signed, messages)
  }

  /** An entry is on disk. */
  append(entry: StoredBatch): void {
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
