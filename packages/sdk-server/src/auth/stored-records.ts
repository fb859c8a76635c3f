import type { MessageStore } from '@pastel-mesh/storage'
import type { z } from 'zod'

/** Records of one kind among the values of a store, as JSON, by their ids. */
export class StoredRecords<Schema extends z.ZodType> {
  readonly #prefix: string
  readonly #schema: Schema
  readonly #store: MessageStore

  constructor(prefix: string, schema: Schema, store: MessageStore) {
    this.#prefix = prefix
    this.#schema = schema
    this.#store = store
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

  /** Puts records, or removes them; all of it is on disk when it resolves. @throws StorageError */
  async write(changes: ReadonlyMap<string, z.output<Schema> | undefined>): Promise<void> {
    await this.#store.values.write(
      [...changes].map(([id, record]) => ({
        name: this.#prefix + id,
        ...(record === undefined ? {} : { value: Buffer.from(JSON.stringify(record)) }),
      })),
    )
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
