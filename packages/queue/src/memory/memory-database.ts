import type { Database, Operation, RangeOptions } from '@pastel-mesh/storage'

/** Entries that an iteration gives at once. */
const CHUNK_ENTRIES = 1_000

/** An emulator of a LevelDB database, for tests: sorted, and gone with the process. */
export class MemoryDatabase implements Database {
  readonly #entries: [key: Buffer, value: Buffer][] = []

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async get(key: Buffer): Promise<Buffer | undefined> {
    const entry = this.#entries[this.#indexOf(key)]
    return entry?.[0].equals(key) === true ? entry[1] : undefined
  }

  getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key)))
  }

  async write(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      const { key } = operation
      const index = this.#indexOf(key)
      const isThere = this.#entries[index]?.[0].equals(key) === true
      if (operation.type === 'del') this.#entries.splice(index, isThere ? 1 : 0)
      else this.#entries.splice(index, isThere ? 1 : 0, [key, operation.value])
    }
  }

  async *iterate(range: RangeOptions): AsyncGenerator<[key: Buffer, value: Buffer]> {
    for await (const chunk of this.iterateChunks(range)) yield* chunk
  }

  async *iterateChunks({ gte, lt, lte, reverse, limit }: RangeOptions): AsyncGenerator<[Buffer, Buffer][]> {
    const start = this.#indexOf(gte)
    const end = this.#endOf(lt, lte)
    // As it is now: what is written during the iteration does not show in it.
    const entries = this.#entries.slice(start, Math.max(start, end))
    if (reverse === true) entries.reverse()
    const wanted = entries.slice(0, limit ?? entries.length)
    for (let index = 0; index < wanted.length; index += CHUNK_ENTRIES) {
      yield wanted.slice(index, index + CHUNK_ENTRIES)
    }
  }

  async compact(): Promise<void> {}

  #endOf(lt: Buffer | undefined, lte: Buffer | undefined): number {
    if (lt !== undefined) return this.#indexOf(lt)
    if (lte === undefined) return this.#entries.length
    const index = this.#indexOf(lte)
    return this.#entries[index]?.[0].equals(lte) === true ? index + 1 : index
  }

  #indexOf(key: Buffer): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = this.#entries[middle]?.[0]
      if (at !== undefined && at.compare(key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
