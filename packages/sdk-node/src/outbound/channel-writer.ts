import { decodePastelId, MeshError, type Signer } from '@pastel-mesh/identity'
import {
  type Batch,
  type BatchHeader,
  ENCODING_SEALED,
  encodeBatch,
  encodePayload,
  type Follows,
  logId,
  MAX_PAYLOAD_BYTES,
  makeRun,
  messageId,
  packPayload,
  parseChannel,
  type SealedContent,
  SIGNATURE_BYTES,
  sha256,
  signedText,
  toSignedBatch,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch, ValueChange } from '@pastel-mesh/storage'
import type { NodeCounters } from '../counters.ts'
import { withTimeLimit } from '../inbound/time-limit.ts'
import type { Pending } from './pending.ts'

export interface ChannelWriterOptions {
  readonly network: string
  readonly channel: string
  readonly maxBatchMessages: number
  /** How long a signature may take. @default 30 seconds */
  readonly signTimeoutMs?: number
  /** 8 random bytes that tell this run from every other. */
  readonly makeRandom: () => Uint8Array
}

export interface ChannelWriterComponents {
  readonly signer: Signer
  readonly store: MessageStore
  readonly counters: NodeCounters
  readonly deliver: (batch: StoredBatch) => Promise<void>
  /**
   * Seals what goes to an inbox. @throws MeshError if the recipient has no sealing key
   * @default nothing can be sent to inboxes
   */
  readonly seal?: (header: BatchHeader, payload: Uint8Array) => Promise<SealedContent>
}

/** The end of the run that is being written: ahead of the disk by the batches in flight. */
interface Tip {
  readonly run: Uint8Array
  readonly next: number
  readonly hash: Uint8Array
  readonly createdAtMs: number
  /** Only before the first batch. */
  readonly follows?: Follows
}

interface Built {
  readonly batch: Batch
  /** Of a sealed one. */
  readonly secret?: Uint8Array
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
  readonly pending: readonly Pending[]
}

/** What the next batch takes, before it is packed or sealed. */
interface Next {
  readonly header: Omit<BatchHeader, 'encoding'>
  readonly payload: Uint8Array<ArrayBuffer>
  readonly pending: readonly Pending[]
}

interface Placed {
  readonly committed: Promise<StoredBatch>
}

/** What sealing adds to a payload at most. */
const SEAL_BYTES = 256

/** A signer that takes longer does not answer: what waits for it is refused. */
const SIGN_TIMEOUT_MS = 30_000

/** Batches of one channel that are signed or written at a time: the next is signed while one is written. */
const MAX_IN_FLIGHT = 2

/**
 * Writes this node's log of one channel.
 *
 * ```
 *          add()                          signed, committed, none waiting
 *   idle ─────────▶ writing a batch ──────────────────────────────────────▶ idle
 *                    │      ▲   │ more waiting: the next batch takes what gathered meanwhile;
 *                    │      └───┘ a full batch need not wait for the one before
 *                    │ signature or commit failed
 *                    ▼
 *                  those in flight and waiting are refused; the next message begins a new run, which follows
 *                  the last that was stored
 * ```
 */
export class ChannelWriter {
  readonly #options: ChannelWriterOptions
  readonly #signer: Signer
  readonly #store: MessageStore
  readonly #counters: NodeCounters
  readonly #deliver: (batch: StoredBatch) => Promise<void>
  readonly #sealer: ChannelWriterComponents['seal']
  readonly #isTopic: boolean
  readonly #maxPayloadBytes: number
  #waiting: Pending[] = []
  #tip: Tip | undefined
  #running: Promise<void> | undefined
  /** Bumped by a failure: batches that were built before it are void. */
  #epoch = 0
  readonly #givenUp = new AbortController()

  constructor(options: ChannelWriterOptions, components: ChannelWriterComponents) {
    this.#options = options
    this.#isTopic = parseChannel(options.channel).kind === 'topic'
    this.#maxPayloadBytes = MAX_PAYLOAD_BYTES - (this.#isTopic ? 0 : SEAL_BYTES)
    this.#sealer = components.seal
    this.#signer = components.signer
    this.#store = components.store
    this.#counters = components.counters
    this.#deliver = components.deliver
  }

  /** Nothing waits, and nothing is being signed or written. */
  get isIdle(): boolean {
    return this.#running === undefined
  }

  add(pending: readonly Pending[]): void {
    for (const one of pending) this.#waiting.push(one)
    this.#running ??= this.#run()
  }

  /** What follows is written to a run of its own. */
  beginNewRun(): void {
    this.#tip = undefined
    this.#epoch += 1
  }

  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Waits for no signature any more: what is not signed is refused. */
  giveUp(error: MeshError): void {
    this.#givenUp.abort(error)
  }

  async #run(): Promise<void> {
    // Callers of the same tick share the first batch.
    await undefined
    const inFlight: Promise<void>[] = []
    let placed: Promise<unknown> = Promise.resolve()
    while (this.#waiting.length > 0) {
      if (this.#tip === undefined) {
        await Promise.all(inFlight.splice(0))
        try {
          this.#tip = await this.#openRun()
        } catch (error) {
          this.#refuse(this.#waiting.splice(0), error)
          break
        }
      }
      const epoch = this.#epoch
      const next = this.#next(this.#tip)
      if (next === undefined) continue
      let built: Built
      try {
        built = this.#isTopic ? this.#build(next, packPayload(next.payload)) : await this.#seal(next)
      } catch (error) {
        this.#refuse(next.pending, error)
        continue
      }
      if (epoch === this.#epoch) this.#tip = tipBehind(built)
      const signature = this.#sign(built)
      // Awaited in turn, after the batches before; a failure until then must not count as unhandled.
      signature.catch(() => {})
      const placing = placed.then(() => this.#place(built, signature, epoch))
      placed = placing.catch(() => {})
      inFlight.push(this.#finish(built, placing, epoch))
      const full = this.#waiting.length >= this.#options.maxBatchMessages
      if (inFlight.length >= (full ? MAX_IN_FLIGHT : 1)) await inFlight.shift()
      if (!full) await Promise.all(inFlight.splice(0))
    }
    await Promise.all(inFlight)
    this.#running = undefined
    if (this.#waiting.length > 0) this.#running = this.#run()
  }

  /** A run begins at its first write, behind the log that this node wrote last to the channel. */
  async #openRun(): Promise<Tip> {
    const { channel, makeRandom } = this.#options
    const last = await this.#store.ownTip(this.#signer.publicKey, channel)
    const run = makeRun(Date.now(), makeRandom())
    if (last === undefined) return { run, next: 0, hash: ZERO_HASH, createdAtMs: 0 }
    // Nothing of its own log is lost to a node, unless it was restored: then it follows what it has.
    const follows = { run: last.run, head: last.stored - 1 }
    return { run, next: 0, hash: last.headHash, createdAtMs: last.headCreatedAtMs, follows }
  }

  /** What the next batch takes; undefined if nothing of what waits can be sent. */
  #next(tip: Tip): Next | undefined {
    const createdAtMs = Math.max(Date.now(), tip.createdAtMs)
    const pending = this.#takeBatch(createdAtMs)
    if (pending.length === 0) return undefined
    const header = {
      network: this.#options.network,
      sender: this.#signer.publicKey,
      channel: this.#options.channel,
      run: tip.run,
      ...(tip.follows === undefined ? {} : { follows: tip.follows }),
      first: tip.next,
      count: pending.length,
      previous: tip.hash,
      createdAtMs,
      expiresAtMs: pending[0]?.expiresAtMs ?? 0,
    }
    return { header, payload: encodePayload(pending.map(({ wire }) => wire)), pending }
  }

  #build({ header, pending }: Next, packed: Pick<Batch, 'encoding' | 'payload'>, secret?: Uint8Array): Built {
    const batch: Batch = { ...header, ...packed }
    const bytes = encodeBatch(batch)
    return { batch, bytes, hash: sha256(bytes), pending, ...(secret === undefined ? {} : { secret }) }
  }

  /** What goes to an inbox is sealed as it is, never compressed: its length must not tell what is in it. */
  async #seal(next: Next): Promise<Built> {
    if (this.#sealer === undefined) throw new MeshError('ERR_SEALING', 'this node cannot send to inboxes')
    const header = { ...next.header, encoding: ENCODING_SEALED }
    const { payload, secret } = await this.#sealer(header, next.payload)
    return this.#build(next, { encoding: ENCODING_SEALED, payload }, secret)
  }

  /** The next messages of one expiry that are counted alike, as many as a batch holds. What is void, or has expired, is left out. */
  #takeBatch(createdAtMs: number): Pending[] {
    const batch: Pending[] = []
    let bytes = 0
    let taken = 0
    for (const next of this.#waiting) {
      if (batch.length === this.#options.maxBatchMessages) break
      const isExpired = next.expiresAtMs !== 0 && next.expiresAtMs <= createdAtMs
      if (isExpired)
        next.group.refuse(new MeshError('ERR_MESSAGE', 'the message expired before it was signed'))
      if (!next.group.isVoid()) {
        bytes += next.sizeBytes
        const differs = !maySharePayload(next, batch[0] ?? next)
        if (differs || (batch.length > 0 && bytes > this.#maxPayloadBytes)) break
        batch.push(next)
      }
      taken += 1
    }
    this.#waiting.splice(0, taken)
    return batch
  }

  async #sign({ hash }: Built): Promise<Uint8Array> {
    const ms = this.#options.signTimeoutMs ?? SIGN_TIMEOUT_MS
    const error = () => new MeshError('ERR_SIGNER_TIMEOUT', `the signer took longer than ${ms} ms`)
    const text = signedText('batch', hash)
    const signature = await withTimeLimit({ ms, error, signal: this.#givenUp.signal }, async (signal) =>
      this.#signer.sign(text, { signal }),
    )
    if (signature.length === SIGNATURE_BYTES) return signature
    throw new MeshError(
      'ERR_SIGNATURE_LENGTH',
      `the signer gave a signature of ${signature.length} bytes, not ${SIGNATURE_BYTES}: check what it signs with`,
    )
  }

  /** Puts a signed batch into its log; the next batch may follow while this one is being written. */
  async #place(built: Built, signing: Promise<Uint8Array>, epoch: number): Promise<Placed> {
    const signature = await signing
    if (epoch !== this.#epoch)
      throw new MeshError('ERR_COMMIT_FAILED', 'a batch before this one was not written')
    const { batch, secret } = built
    const values = notesOf(built)
    const countAs = built.pending[0]?.countAs
    const placement = await this.#store.place(toSignedBatch(batch, { ...built, signature }), {
      own: true,
      ...(secret === undefined ? {} : { secret }),
      ...(values.length === 0 ? {} : { values }),
      ...(countAs === undefined ? {} : { countAs: { ...countAs, sender: decodePastelId(countAs.sender) } }),
    })
    if (placement.status === 'appended') return placement
    if ('committed' in placement) placement.committed.catch(() => {})
    throw new MeshError(
      'ERR_COMMIT_FAILED',
      `the store answered "${placement.status}" to this node's own next batch`,
    )
  }

  async #finish({ pending }: Built, placing: Promise<Placed>, epoch: number): Promise<void> {
    let stored: StoredBatch
    try {
      stored = await (await placing).committed
    } catch (error) {
      this.#refuse(pending, error)
      if (epoch !== this.#epoch) return
      this.beginNewRun()
      // At once: each might wait as long for the signer or the disk, and fail as well.
      this.#refuse(this.#waiting.splice(0), error)
      return
    }
    this.#counters.published.batches += 1
    this.#counters.published.messages += stored.count
    const { log, batch } = stored.signed
    for (const [offset, { group, index }] of pending.entries()) {
      group.acknowledge(index, {
        id: messageId(log, batch.first + offset),
        arrival: stored.position + offset,
      })
    }
    // It is on disk: what the network does not take now, log sync brings.
    await this.#deliver(stored).catch(() => {})
  }

  #refuse(pending: readonly Pending[], error: unknown): void {
    for (const { group } of pending) group.refuse(error)
  }
}

function maySharePayload(one: Pending, other: Pending): boolean {
  return (
    one.expiresAtMs === other.expiresAtMs &&
    one.countAs?.sender === other.countAs?.sender &&
    one.countAs?.channel === other.countAs?.channel
  )
}

function tipBehind({ batch, hash }: Built): Tip {
  return { run: batch.run, next: batch.first + batch.count, hash, createdAtMs: batch.createdAtMs }
}

/** What is written with a batch, because its messages have their ids now. */
function notesOf({ batch, pending }: Built): ValueChange[] {
  if (pending.every(({ noted }) => noted === undefined)) return []
  const log = logId(batch.sender, batch.channel, batch.run)
  const notes = pending.flatMap(({ noted }, index) => noted?.(messageId(log, batch.first + index)) ?? [])
  // Of one value only the last is written.
  return [...new Map(notes.map((note) => [note.name, note])).values()]
}
