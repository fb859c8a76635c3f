import { stat } from 'node:fs/promises'
import { encodePastelId, type PastelId, verifySignature } from '@pastel-mesh/identity'
import { equalBytes, type LogId, messageId, openBatch, signedText, textOf } from '@pastel-mesh/protocol'
import { createStore, type StoredBatch } from '@pastel-mesh/storage'

/** What the database of a member holds, read and verified after its process ended. */
export interface StoreContent {
  /** In arrival order. */
  readonly messages: readonly StoredMessage[]
  readonly notices: readonly StoredLoss[]
  /** Retention has removed entries. */
  readonly isPruned: boolean
  /** What is wrong: bad signatures, broken chains, entries that cannot be read. */
  readonly problems: readonly string[]
}

export interface StoredMessage {
  readonly id: string
  readonly log: string
  readonly position: number
  readonly sender: PastelId
  readonly channel: string
  /** Absent: it is sealed, for somebody else. */
  readonly text?: string
  /** It had been given up, and came after all. */
  readonly isLate: boolean
}

/** A range of a log that the order goes on without. */
export interface StoredLoss {
  readonly kind: 'lost' | 'before-history'
  readonly log: string
  readonly channel: string
  readonly sender: PastelId
  readonly first: number
  readonly last: number
  readonly reason: string
}

/** Opens the database of a member that does not run, and verifies every batch afresh. */
export async function readStore(directory: string): Promise<StoreContent> {
  // Opening one that is not there would make it.
  await stat(directory)
  const store = createStore({ directory, minFreeBytes: 0 })
  await store.start()
  try {
    const content = new Content()
    content.isPruned = store.floor > 0
    try {
      for await (const entry of store.read()) {
        if (entry.kind === 'batch') await content.add(entry)
        else content.notices.push({ ...entry, sender: encodePastelId(entry.sender) })
      }
    } catch (error) {
      content.problems.push(`what is stored cannot be read: ${(error as Error).message}`)
    }
    return content
  } finally {
    await store.stop()
  }
}

class Content implements StoreContent {
  readonly messages: StoredMessage[] = []
  readonly notices: StoredLoss[] = []
  readonly problems: string[] = []
  isPruned = false
  /** By log: where its last batch in sequence ends, and its hash. */
  readonly #ends = new Map<LogId, { readonly next: number; readonly hash: Uint8Array }>()

  async add(stored: StoredBatch): Promise<void> {
    const { batch, log, hash, signature } = openBatch(Uint8Array.from(stored.envelope))
    const complain = (what: string) => this.problems.push(`batch ${log}-${batch.first}: ${what}`)
    if (!(await verifySignature(batch.sender, signedText('batch', hash), signature)))
      complain('bad signature')
    const isLate = stored.lostAt !== undefined
    const before = this.#ends.get(log)
    // What is carried for somebody else comes in any order.
    if (!isLate && stored.isReadable) {
      if (before !== undefined && batch.first < before.next) complain(`comes behind position ${before.next}`)
      if (before?.next === batch.first && !equalBytes(before.hash, batch.previous)) {
        complain('names another predecessor')
      }
      this.#ends.set(log, { next: batch.first + batch.count, hash })
    }
    const sender = encodePastelId(batch.sender)
    const contents = stored.isReadable ? stored.messages() : []
    for (let i = 0; i < batch.count; i += 1) {
      const position = batch.first + i
      const about = { id: messageId(log, position), log, position, sender, channel: batch.channel, isLate }
      const content = contents[i]
      const text = content === undefined ? undefined : textOf(content).split(' ', 3).join(' ')
      this.messages.push(text === undefined ? about : { ...about, text })
    }
  }
}
