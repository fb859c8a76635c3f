import type { ArrivalRecord } from './arrival-record.ts'
import type { Operation } from './database.ts'
import type { StoredEntry } from './stored-entry.ts'

/** Entries removed in one commit: a commit in between waits no longer than a few ms. */
export const CHUNK_ENTRIES = 128

/** An entry that goes, without its messages, which need not stay in memory until then. */
export interface Removal extends Pick<ArrivalRecord, 'position' | 'count' | 'runningHash'> {
  /** Undefined: only the place of a batch that is gone already, which is nobody's. */
  readonly entry: { readonly kind: StoredEntry['kind']; readonly sender: Uint8Array } | undefined
  readonly sizeBytes: number
  readonly operations: readonly Operation[]
}

/** Gathers entries that are to be removed, some for each commit. */
export class Removals {
  readonly #remove: (some: readonly Removal[]) => Promise<void>
  #gathered: Removal[] = []

  constructor(remove: (some: readonly Removal[]) => Promise<void>) {
    this.#remove = remove
  }

  async add(removal: Removal): Promise<void> {
    if (this.#gathered.push(removal) === CHUNK_ENTRIES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#gathered.length > 0) await this.#remove(this.#gathered)
    this.#gathered = []
  }
}
