import { stat } from 'node:fs/promises'
import { verifySignature } from '@pastel-mesh/identity'
import {
  type Batch,
  equalBytes,
  type LogId,
  logId,
  type MessageContent,
  messageId,
  openBatch,
  openPayload,
  type SignedBatch,
  signedText,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import {
  createStore,
  type HeadsPage,
  type MessageStore,
  nextRunningHash,
  noticeHash,
  type StoredBatch,
  type StoredEntry,
  type StoredNotice,
} from '@pastel-mesh/storage'

/** What a database holds, found by reading and verifying every batch from its bytes. */
export interface StoreAudit {
  /** Message id → message of a topic, in arrival order. */
  readonly messages: ReadonlyMap<string, AuditedMessage>
  /** Message id → message to an inbox; undefined: it cannot be read here. */
  readonly direct: ReadonlyMap<string, AuditedMessage | undefined>
  readonly batches: number
  /** Log id → its end. */
  readonly logs: ReadonlyMap<LogId, LogEnd>
  /** What is wrong: bad signatures, broken chains, positions twice. Empty: nothing. */
  readonly problems: readonly string[]
  /** The ranges that the order goes on without. */
  readonly lost: readonly StoredNotice[]
}

export interface AuditedMessage extends MessageContent {
  readonly sender: Uint8Array
  readonly receivedAtMs: number
}

export interface LogEnd {
  /** Position of the log's next message. */
  readonly next: number
  /** SHA-256 of its last batch, which stands for all before it. */
  readonly hash: Uint8Array
}

/** Stands for the hash of a batch that is lost, or that is not the last: anything may follow. */
const UNKNOWN_HASH = new Uint8Array(0)

/** Logs asked for at a time. */
const HEADS = 1_000

/**
 * Opens the database of a node that does not run, and verifies every batch afresh: signature, canonical bytes,
 * chain, running hash of the arrival order, no message twice; and that what the node will go on from is the same.
 */
export async function auditStore(directory: string): Promise<StoreAudit> {
  // Opening one that is not there would make it.
  await stat(directory)
  const store = createStore({ directory })
  await store.start()
  try {
    const audit = new Audit()
    try {
      for await (const entry of store.read()) {
        if (entry.kind === 'batch') await audit.add(entry)
        else audit.skip(entry)
      }
    } catch (error) {
      audit.problems.push(
        `position ${audit.position}: what is stored there cannot be read, nor what comes after it: ${(error as Error).message}`,
      )
      return audit
    }
    await audit.finish(store)
    return audit
  } finally {
    await store.stop()
  }
}

class Audit implements StoreAudit {
  readonly messages = new Map<string, AuditedMessage>()
  readonly direct = new Map<string, AuditedMessage | undefined>()
  readonly logs = new Map<LogId, LogEnd>()
  readonly problems: string[] = []
  readonly lost: StoredNotice[] = []
  batches = 0
  /** Position of the arrival order that comes next. */
  position = 0
  readonly #channels = new Set<string>()
  #runningHash: Uint8Array = new Uint8Array(8)

  /** A range that the order goes on without. */
  skip(notice: StoredNotice): void {
    this.lost.push(notice)
    const before = this.logs.get(notice.log)
    if ((before?.next ?? 0) !== notice.first) {
      this.problems.push(`${notice.kind} ${notice.log}-${notice.first}: its log ends at ${before?.next ?? 0}`)
    }
    this.logs.set(notice.log, { next: notice.last + 1, hash: UNKNOWN_HASH })
    this.#advance(notice, noticeHash(notice), (problem) => this.problems.push(problem))
  }

  /** Checks where an entry stands, and goes on behind it. */
  #advance(entry: StoredEntry, hash: Uint8Array, complain: (problem: string) => void): void {
    if (entry.position !== this.position) complain(`at ${entry.position}, expected ${this.position}`)
    this.#runningHash = nextRunningHash(this.#runningHash, hash, this.position)
    if (!equalBytes(this.#runningHash, entry.runningHash)) complain('running hash differs')
    this.position += entry.count
  }

  async add(stored: StoredBatch): Promise<void> {
    this.batches += 1
    const signed = openBatch(Uint8Array.from(stored.envelope))
    const { batch, log, hash } = signed
    const complain = (problem: string) => this.problems.push(`batch ${log}-${batch.first}: ${problem}`)
    if (!(await verifySignature(batch.sender, signedText('batch', hash), signed.signature))) {
      complain('bad signature')
    }
    if (stored.count !== batch.count) complain(`takes ${stored.count} positions for ${batch.count} messages`)
    this.#advance(stored, hash, complain)
    this.#channels.add(batch.channel)
    if (stored.lostAt === undefined) this.#addInSequence(signed, complain)
    else if (stored.lostAt >= stored.position) complain('is late for what was lost after it')
    for (const [index, message] of readMessages(signed, stored, complain).entries()) {
      const id = messageId(log, batch.first + index)
      const isDirect = batch.channel.startsWith('inbox/')
      const known: Map<string, AuditedMessage | undefined> = isDirect ? this.direct : this.messages
      if (known.has(id)) this.problems.push(`message ${id} is stored twice`)
      const { sender } = batch
      known.set(
        id,
        message === undefined ? undefined : { ...message, sender, receivedAtMs: stored.receivedAtMs },
      )
    }
  }

  #addInSequence({ batch, log, hash }: SignedBatch, complain: (problem: string) => void): void {
    const before = this.logs.get(log)
    if ((before?.next ?? 0) !== batch.first) complain(`its log ends at ${before?.next ?? 0}`)
    const previous = before?.hash ?? this.#followedHash(batch)
    if (previous !== UNKNOWN_HASH && !equalBytes(previous, batch.previous)) {
      complain('names another predecessor')
    }
    this.logs.set(log, { hash, next: batch.first + batch.count })
  }

  /** Compares with what the store knows without reading the batches: what its node, and peers, go on from. */
  async finish(store: MessageStore): Promise<void> {
    if (store.end !== this.position) {
      this.problems.push(`the order ends at ${this.position}, and the store says ${store.end}`)
    }
    const missing = new Set(this.logs.keys())
    let page: HeadsPage
    let from = 0
    do {
      page = await store.heads(from, [...this.#channels], HEADS)
      for (const head of page.heads) {
        const id = logId(head.sender, head.channel, head.run)
        missing.delete(id)
        const found = this.logs.get(id)
        if (found?.hash === UNKNOWN_HASH) continue
        if (found?.next === head.position + 1 && equalBytes(found.hash, head.hash)) continue
        this.problems.push(`log ${id} ends at ${found?.next ?? 0}, and the store says ${head.position + 1}`)
      }
      from = page.next
    } while (page.more)
    for (const id of missing)
      if (this.logs.get(id)?.hash !== UNKNOWN_HASH)
        this.problems.push(`log ${id} is not in the store's index`)
  }

  /** Hash of the last batch of the log that a first batch follows. */
  #followedHash({ sender, channel, follows }: Batch): Uint8Array {
    if (follows === undefined) return ZERO_HASH
    const followed = this.logs.get(logId(sender, channel, follows.run))
    if (followed?.next === follows.head + 1) return followed.hash
    return followed === undefined || followed.next <= follows.head ? new Uint8Array(0) : UNKNOWN_HASH
  }
}

/** The messages of a batch, opened afresh; undefined for each if only others can. */
function readMessages(
  { batch }: SignedBatch,
  { isReadable, secret }: StoredBatch,
  complain: (problem: string) => void,
): readonly (MessageContent | undefined)[] {
  const unreadable = () => Array.from({ length: batch.count }, () => undefined)
  if (!isReadable) return unreadable()
  try {
    return openPayload(batch, secret)
  } catch (error) {
    complain((error as Error).message)
    return unreadable()
  }
}
