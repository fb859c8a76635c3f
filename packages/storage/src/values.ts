import type { CommitWriter } from './commit-writer.ts'
import type { Database, Operation } from './database.ts'
import { StorageError, storeUnavailable } from './errors.ts'
import { VALUES, valueKey, valueName } from './keys.ts'

/** A value to be kept under a name, in place of the one that is there; without one, that is removed. */
export interface ValueChange {
  /** Beginning with whose it is, such as `book/…`: 200 bytes at most. */
  readonly name: string
  /** 64 KiB at most. */
  readonly value?: Uint8Array
}

export interface ValueWriteOptions {
  /**
   * Whether it may be written when less disk is free than the reserve: for what is small, bounded, and needed to make
   * room. @default false
   */
  readonly mayUseReserve?: boolean
}

/** Small things that other parts of the node keep beside the messages, by name: 32,768 at most. */
export interface Values {
  /**
   * Puts and removes values, all of them or none; resolves when that is on disk.
   * @throws StorageError ERR_VALUE: a name or a value is too long, or there are too many; ERR_DISK_RESERVE;
   * ERR_COMMIT_FAILED; ERR_STORE_UNAVAILABLE
   */
  write(changes: readonly ValueChange[], options?: ValueWriteOptions): Promise<void>
  /** The values whose names begin so, in the order of their names, as they are on disk now. */
  read(prefix: string): AsyncGenerator<[name: string, value: Buffer]>
}

const MAX_NAME_BYTES = 200
const MAX_VALUE_BYTES = 64 * 1024
/** Four times what the largest user keeps: its own bound is to be met first. */
const MAX_VALUES = 32_768

export interface StoredValuesComponents {
  readonly database: Database
  readonly writer: CommitWriter
  /** @throws StorageError ERR_DISK_RESERVE */
  readonly assertRoom: () => void
}

export class StoredValues implements Values {
  readonly #components: StoredValuesComponents
  /** The names that are there, commits on their way included; read when they are first needed. */
  #names: Set<string> | undefined
  #reading: Promise<void> | undefined

  constructor(components: StoredValuesComponents) {
    this.#components = components
  }

  /** Reads from the disk again what memory only carries on. */
  async reload(): Promise<void> {
    if (this.#names !== undefined) this.#names = await namesIn(this.#components.database)
  }

  /** Waits until {@link take} can count. */
  async ready(): Promise<void> {
    if (this.#names !== undefined) return
    this.#reading ??= namesIn(this.#components.database)
      .then((names) => {
        this.#names = names
      })
      .finally(() => {
        this.#reading = undefined
      })
    await this.#reading
  }

  /**
   * Takes changes into account whose operations go to the disk with the next commit that is begun; nothing may come in
   * between, and the writer must be open.
   * @throws StorageError ERR_VALUE, nothing is changed
   */
  take(changes: readonly ValueChange[]): Operation[] {
    if (changes.length === 0) return []
    const names = this.#names
    if (names === undefined) throw storeUnavailable('was opened anew: try again')
    for (const change of changes) assertSize(change)
    assertCount(names, changes)
    return changes.map(({ name, value }) => {
      const key = valueKey(name)
      if (value === undefined) {
        names.delete(name)
        return { type: 'del', key }
      }
      names.add(name)
      return { type: 'put', key, value: Buffer.from(value) }
    })
  }

  async write(
    changes: readonly ValueChange[],
    { mayUseReserve = false }: ValueWriteOptions = {},
  ): Promise<void> {
    for (const change of changes) assertSize(change)
    const { writer, assertRoom } = this.#components
    // What removes makes room, and is a few bytes.
    if (!mayUseReserve && changes.some(({ value }) => value !== undefined)) assertRoom()
    await this.ready()
    if (!writer.isOpen) throw writer.unavailable()
    const taken = this.take(changes)
    await writer.commit((operations) => {
      operations.push(...taken)
    })
  }

  async *read(prefix: string): AsyncGenerator<[name: string, value: Buffer]> {
    const { database } = this.#components
    for await (const chunk of database.iterateChunks({ ...VALUES, gte: valueKey(prefix) })) {
      for (const [key, value] of chunk) {
        const name = valueName(key)
        if (!name.startsWith(prefix)) return
        yield [name, value]
      }
    }
  }
}

async function namesIn(database: Database): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const [key] of database.iterate(VALUES)) names.add(valueName(key))
  return names
}

function assertSize({ name, value }: ValueChange): void {
  const nameBytes = Buffer.byteLength(name)
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES) {
    throw new StorageError(
      'ERR_VALUE',
      `a value's name has ${nameBytes} bytes: give it 1 to ${MAX_NAME_BYTES}`,
    )
  }
  if (value !== undefined && value.length > MAX_VALUE_BYTES) {
    throw new StorageError(
      'ERR_VALUE',
      `the value ${name} has ${value.length} bytes: it may have ${MAX_VALUE_BYTES}`,
    )
  }
}

function assertCount(names: ReadonlySet<string>, changes: readonly ValueChange[]): void {
  let count = names.size
  for (const { name, value } of changes) {
    if (value === undefined) count -= names.has(name) ? 1 : 0
    else count += names.has(name) ? 0 : 1
  }
  if (count <= MAX_VALUES) return
  throw new StorageError('ERR_VALUE', `there are ${MAX_VALUES} values: remove some before others are added`)
}
