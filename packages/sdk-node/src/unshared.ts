import { type MessageStore, parseCursor, type StoredBatch } from '@pastel-mesh/storage'
import type { UnsharedOptions } from './index.ts'
import { isExpired, type ReceivedMessage, toReceivedMessage } from './received-message.ts'

export interface UnsharedComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
}

/** Counters of one page. */
const PAGE_COUNTS = 1_000

/**
 * Batches of this node to topics that no other member holds, as far as this node knows, in the order of their
 * arrival. How far others have read is known by channel.
 */
async function* unsharedBatches(
  { store, own }: UnsharedComponents,
  options: { readonly from?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<StoredBatch> {
  const from = Math.max(options.from ?? 0, firstUnshared({ store, own }))
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  for await (const entry of store.read({ sender: own, from, ...signal })) {
    if (entry.kind !== 'batch' || isExpired(entry, Date.now())) continue
    const { channel } = entry.signed.batch
    if (!channel.startsWith('topic/')) continue
    if (entry.position + entry.count > store.passedTo(channel)) yield entry
  }
}

/** Where to begin to look: what comes before was read in every channel that this node wrote to. */
function firstUnshared({ store, own }: UnsharedComponents): number {
  let first = store.end
  for (let offset = 0; ; offset += PAGE_COUNTS) {
    const page = store.counts({ by: 'pair', sender: own, offset, limit: PAGE_COUNTS })
    for (const { channel = '' } of page.counts) first = Math.min(first, store.passedTo(channel))
    // There are channels that are not counted by themselves.
    if (page.others.messages > 0) return 0
    if (page.counts.length < PAGE_COUNTS) return first
  }
}

/** The messages of those batches. @throws StorageError ERR_CURSOR */
export async function* unshared(
  components: UnsharedComponents,
  options: UnsharedOptions,
): AsyncGenerator<ReceivedMessage> {
  const { limit, signal } = options
  const from = await placeOf(options.from, components.store)
  let count = 0
  for await (const batch of unsharedBatches(components, { from, ...(signal && { signal }) })) {
    for (let index = Math.max(0, from - batch.position); index < batch.count; index += 1) {
      if (count === limit) return
      yield toReceivedMessage(batch, index, components.store.storeId)
      count += 1
    }
  }
}

/** How many they are. */
export async function countUnshared(components: UnsharedComponents): Promise<number> {
  let count = 0
  for await (const batch of unsharedBatches(components)) count += batch.count
  return count
}

/** A cursor of another order says nothing of this one. */
async function placeOf(from: string | undefined, store: MessageStore): Promise<number> {
  if (from === undefined) return 0
  const cursor = parseCursor(from)
  return (await store.checkCursor(cursor)) === 'foreign' ? 0 : cursor.position
}
