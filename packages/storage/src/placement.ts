import type { MessageContent } from '@pastel-mesh/protocol'
import type { AlertKind } from './alerts.ts'
import type { Missing } from './chain.ts'
import type { CountedAs } from './counters.ts'
import type { StoredBatch } from './stored-entry.ts'
import type { ValueChange } from './values.ts'

export interface PlaceOptions {
  /** This node wrote it: the log becomes the one that its next run follows. */
  readonly own?: boolean
  /** Its messages, if they are decoded already. */
  readonly messages?: readonly MessageContent[]
  /** Of a sealed batch, what opens it, 64 bytes: kept with it, and gone with it. */
  readonly secret?: Uint8Array
  /**
   * From whom, a 57-byte public key, and to which channel its messages are counted.
   * @default its sender and its channel
   */
  readonly countAs?: CountedAs
  /** This node signed it and had it not: like one that it wrote, it has to get to the inbox that it is for. @default false */
  readonly found?: boolean
  /**
   * It is kept for the recipient of an inbox, who is somebody else: nothing before it is waited for, and a log's batches
   * may come in any order. It stays until {@link MessageStore.delivered} says that it is there, or until it expires.
   * @default false
   */
  readonly carried?: boolean
  /**
   * Values written in the very commit that brings it into the order. If it does not enter now (it is held, or not new),
   * nothing of them is written.
   */
  readonly values?: readonly ValueChange[]
  /**
   * Of batches that were created before, what is before them is not waited for, in ms since 1970.
   * @default 0
   */
  readonly wantedSinceMs?: number
  /** Something about it that the operator is told when it is stored. */
  readonly alert?: { readonly kind: AlertKind; readonly reason: string }
}

/** What became of a batch that was offered to the store. */
export type Placement =
  /** It continues its log, or fills a lost range. `committed` fails if the commit does. */
  | {
      readonly status: 'appended'
      /** @throws StorageError ERR_COMMIT_FAILED: it is stored only if `has` says so after the reopening */
      readonly committed: Promise<StoredBatch>
    }
  /** It is stored already, or held. */
  | { readonly status: 'known' }
  /** It was stored once, or is older than what is wanted: it is not new. */
  | { readonly status: 'pruned' }
  /** These messages must come first; it waits for them on disk, and is not in the order yet. */
  | { readonly status: 'held'; readonly missing: Missing; readonly committed: Promise<void> }
  /** These messages must come first, and there is no room to hold it: it is not stored. */
  | { readonly status: 'gap'; readonly missing: Missing }
  /** It contradicts what its sender signed before. Its log is frozen. */
  | { readonly status: 'conflict'; readonly reason: string; readonly committed: Promise<void> }
  /** Its log is frozen: it is not stored. */
  | { readonly status: 'frozen' }
