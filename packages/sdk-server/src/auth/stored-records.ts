import type { MessageStore, ValueWriteOptions } from '@pastel-mesh/storage'
import type { z } from 'zod'

/** Records of one kind among the values of a store, as JSON, by their ids. */
export class StoredRecords<Schema extends z.ZodType> {
  readonly #prefix: string
  readonly #schema: Schema
  readonly #store: MessageStore
  readonly #options: ValueWriteOptions
  /** Those to be removed whose removal is not on disk: each write tries again, so that no restart brings one back. */
  readonly #removing = new Set<string>()

  /** @param options of each write */
  constructor(prefix: string, schema: Schema, store: MessageStore, options: ValueWriteOptions = {}) {
    this.#prefix = prefix
    this.#schema = schema
    this.#store = store
    this.#options = options
  }

  /** All that can be read; what another version wrote otherwise does not count. */
  async read(): Promise<Map<string, z.output<Schema>>> {
    const records = new Map<string, z.output<Schema>>()
    for await (const [name, value] of this.#store.values.read(this.#prefix)) {
      const { success, data } = this.#schema.safeParse(parseJson(value.toString()))
      if (success) records.set(name.slice(this.#prefix.length), data)
    }
    return records
  }

  /**
   * Puts records, or removes them; all of it is on disk when it resolves. A removal that fails is done with a later
   * write.
   * @throws StorageError
   */
  async write(changes: ReadonlyMap<string, z.output<Schema> | undefined>): Promise<void> {
    const puts = [...changes].filter(([, record]) => record !== undefined)
    for (const [id, record] of changes) if (record === undefined) this.#removing.add(id)
    for (const [id] of puts) this.#removing.delete(id)
    const removed = [...this.#removing]
    const names = removed.map((id) => ({ name: this.#prefix + id }))
    const values = puts.map(([id, record]) => ({
      name: this.#prefix + id,
      value: Buffer.from(JSON.stringify(record)),
    }))
    await this.#store.values.write([...names, ...values], this.#options)
    for (const id of removed) this.#removing.delete(id)
  }

  /** Whether the removal of one has failed, and is still to be done. */
  isRemoving(id: string): boolean {
    return this.#removing.has(id)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
