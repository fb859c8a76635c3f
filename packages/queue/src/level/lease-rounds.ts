import type { CommitWriter, Database, Operation } from '@pastel-mesh/storage'
import { LEASES, leaseKey, parseLeaseKey } from './keys.ts'

/** Jobs that were handed out together: one entry on disk for all of them, until the last has ended. */
export interface LeaseRound {
  readonly key: Buffer
  readonly ids: Set<string>
}

/**
 * What was handed out is on disk before it runs. The database is one process's alone, so whatever is found at the start
 * was running when the process before died.
 */
export class LeaseRounds {
  #next = 0
  /** The round that a write which is being put together begins, and where it is there. */
  #joined:
    | {
        readonly operations: Operation[]
        readonly at: number
        readonly round: LeaseRound
        readonly text: GrowingText
      }
    | undefined

  /**
   * Keeps that these jobs run with the write that is being put together: one round for all of it.
   * @param operations of the write
   */
  join(jobs: readonly { readonly id: string }[], operations: Operation[]): LeaseRound {
    let joined = this.#joined
    if (joined?.operations !== operations || operations[joined.at]?.key !== joined.round.key) {
      const round = { key: leaseKey(this.#next++), ids: new Set<string>() }
      joined = { operations, at: operations.length, round, text: new GrowingText() }
      this.#joined = joined
    }
    const { at, round, text } = joined
    for (const { id } of jobs) {
      text.append(round.ids.size === 0 ? id : ` ${id}`)
      round.ids.add(id)
    }
    operations[at] = { type: 'put', key: round.key, value: text.value }
    return round
  }

  /** Keeps that these jobs run. A power cut may lose it: then they run again without its counting. */
  async begin(writer: CommitWriter, ids: readonly string[]): Promise<LeaseRound> {
    const key = leaseKey(this.#next++)
    const value = Buffer.from(ids.join(' '))
    await writer.commit((operations) => operations.push({ type: 'put', key, value }), { sync: false })
    return { key, ids: new Set(ids) }
  }

  /**
   * One of a round's jobs does not run any more; to be called as its commit is put together, each time.
   * @param mayWait whether it may wait again while others of its round run: then it is struck out on disk as well, so
   * that it is not taken for one that ran
   */
  end({ key, ids }: LeaseRound, id: string, operations: Operation[], mayWait: boolean): void {
    ids.delete(id)
    if (ids.size === 0) operations.push({ type: 'del', key })
    else if (mayWait) operations.push({ type: 'put', key, value: Buffer.from([...ids].join(' ')) })
  }

  /** The jobs that were running when the process before died, and the keys that said so. */
  async orphans(database: Database): Promise<{ ids: Set<string>; keys: Buffer[] }> {
    const ids = new Set<string>()
    const keys: Buffer[] = []
    for await (const [key, value] of database.iterate(LEASES)) {
      keys.push(key)
      this.#next = Math.max(this.#next, parseLeaseKey(key) + 1)
      for (const id of value.toString().split(' ')) ids.add(id)
    }
    return { ids, keys }
  }
}

/** ASCII that grows at its end: a round of many jobs is not written anew with each that joins it. */
class GrowingText {
  #bytes = Buffer.allocUnsafe(1024)
  #length = 0

  append(text: string): void {
    const length = this.#length + text.length
    if (length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], length * 2)
    this.#bytes.write(text, this.#length, 'latin1')
    this.#length = length
  }

  get value(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
