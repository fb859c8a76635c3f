import { setImmediate } from 'node:timers/promises'
import { encodeSignature, type PastelId, type Signer } from '@pastel-mesh/identity'
import { type MeshNode, type Rate, TokenBucket } from '@pastel-mesh/sdk-node'
import { decodeEnvelope } from '../envelope/decode-envelope.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { EnvelopeError } from '../envelope/envelope-error.ts'
import { verifyEnvelope } from '../envelope/verify-envelope.ts'
import type { PasteldMessage } from '../rpc/pasteld-client.ts'
import { liveSupernodesOf } from '../supernodes/live.ts'
import type { Supernode, SupernodeDirectory } from '../supernodes/supernode.ts'
import type { EntryRefusal } from './bridge-status.ts'
import { identityProblem } from './identity-problem.ts'
import { fromMessageType } from './message-type.ts'
import type { TakenIds } from './taken-ids.ts'

export interface IncomingComponents {
  readonly directory: Pick<SupernodeDirectory, 'local' | 'byOutpoint' | 'supernodes' | 'refresh'>
  /** Of the node. */
  readonly signer: Pick<Signer, 'pastelId'>
  /** Messages of one supernode; what is more waits. */
  readonly senderRate: Rate
  readonly node: () => Pick<MeshNode, 'bringIn' | 'registry'>
  readonly taken: TakenIds
  /** An entry was refused: the first time that it is seen. */
  readonly onRefused: (reason: EntryRefusal) => void
  readonly onTaken: () => void
}

/** Name of the way, as messages say it. */
export const VIA = 'pasteld'
/** Header with the signature of the sender over the text, in base64. */
export const SIGNATURE_HEADER = 'pastel-signature'
/** Header with the core's id of the message. */
const ID_HEADER = 'pastel-message-id'

/** Ids are hashes; what is longer is none, and could not stand in a value's name. */
const MESSAGE_ID = /^[0-9a-f]{1,128}$/i
/** The core's own clock may be ahead of this node's. */
const MAX_AHEAD_MS = 24 * 60 * 60_000
/** Messages that are signed and written at a time. */
const MAX_TOGETHER = 64
/** Entries that are remembered as refused, so that they are counted once: the list shows them at every look. */
const MAX_REFUSED = 100_000
/** Senders whose rate is remembered: as many as the core's list may have. */
const MAX_BUCKETS = 20_000
/** A sender that the list does not have is looked for in a new one, at most so often. */
const REFRESH_MS = 30_000

/** A message out of the list, checked. */
interface Verified {
  readonly entry: PasteldMessage
  readonly envelope: Envelope
  readonly sender: PastelId
}

/** Takes messages to this supernode out of the core's list: each once, and what is wrong with one stops no other. */
export class Incoming {
  readonly #components: IncomingComponents
  /** Those that will not become right. */
  readonly #refused = new Set<string>()
  /** Those that may, when the core's list is renewed or a member joins; with what they were refused for. */
  readonly #waiting = new Map<string, string>()
  /** Those that were counted as obsolete. */
  readonly #obsolete = new Set<string>()
  /** By outpoint: a supernode can change its PastelID, and its collateral it has once. */
  readonly #buckets = new Map<string, TokenBucket>()
  #deferred = 0
  #refreshedMs = Number.NEGATIVE_INFINITY

  constructor(components: IncomingComponents) {
    this.#components = components
  }

  /**
   * @param sinceMs older messages are left
   * @param forgetMs what is older need not be remembered
   * @throws StorageError and as `publish`: those before are stored, and the rest is tried again with the next list; Error:
   * the node is not the core's supernode, or what is left cannot be remembered
   */
  async take(
    entries: readonly PasteldMessage[],
    { sinceMs, forgetMs }: { readonly sinceMs: number; readonly forgetMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { directory, signer, taken } = this.#components
    const local = directory.local()
    if (local === undefined) return
    const problem = identityProblem(local, signer.pastelId)
    if (problem !== undefined) throw problem
    const fresh = [
      ...new Map(
        entries.filter((entry) => this.#isFresh(entry, local, sinceMs)).map((entry) => [entry.id, entry]),
      ).values(),
    ].sort(inTime)
    await this.#renewDirectory(fresh, signal)
    this.#deferred = 0
    try {
      await this.#takeFresh(fresh, forgetMs, signal)
    } catch (error) {
      // Some of them may be on disk, whatever was said.
      taken.doubt()
      throw error
    }
    if (taken.isFull && fresh.some(({ id }) => this.#isLeft(id)))
      throw new Error(
        `more messages came through the core than can be remembered, ${taken.size}: the others are left in its list until these are older than what is taken in`,
      )
  }

  /** Messages that were left for the next look, at the last one. */
  get deferred(): number {
    return this.#deferred
  }

  async #takeFresh(fresh: readonly PasteldMessage[], forgetMs: number, signal: AbortSignal): Promise<void> {
    const { taken } = this.#components
    let failure: { readonly cause: unknown } | undefined
    let together: Promise<void>[] = []
    try {
      for (const entry of fresh) {
        signal.throwIfAborted()
        if (taken.isDue) {
          await Promise.all(together)
          together = []
          await taken.tidy(forgetMs)
          if (taken.isFull) break
        }
        const verified = await this.#verify(entry)
        if (failure !== undefined) break
        if (verified === undefined) continue
        // Handled at once: nobody waits for it while the next one is verified.
        const bringing = this.#bringIn(verified).catch((cause: unknown) => {
          failure ??= { cause }
        })
        together.push(bringing)
        if (together.length < MAX_TOGETHER) continue
        await Promise.all(together)
        together = []
      }
    } finally {
      await Promise.all(together)
    }
    if (failure !== undefined) throw failure.cause
  }

  #isLeft(id: string): boolean {
    return !this.#components.taken.has(id) && !this.#refused.has(id) && !this.#waiting.has(id)
  }

  #isFresh(entry: PasteldMessage, local: Supernode, sinceMs: number): boolean {
    const { id, from, to, timestamp } = entry
    // The list is not only of messages to this supernode.
    if (to !== local.outpoint || from === local.outpoint || this.#refused.has(id)) return false
    const { taken } = this.#components
    const timeMs = timestamp * 1000
    if (timeMs <= taken.floorMs) return false
    if (timeMs < sinceMs) {
      if (!this.#obsolete.has(id) && !taken.has(id)) this.#skip(id)
      return false
    }
    if (taken.has(id)) return false
    if (!MESSAGE_ID.test(id)) this.#refuse(id, 'malformed')
    else if (timeMs > Date.now() + MAX_AHEAD_MS) this.#leave(id, 'ahead')
    else return true
    return false
  }

  /** Who has joined the network since the list was read is in the next. */
  async #renewDirectory(fresh: readonly PasteldMessage[], signal: AbortSignal): Promise<void> {
    const { directory } = this.#components
    const now = performance.now()
    if (now - this.#refreshedMs < REFRESH_MS) return
    if (fresh.every(({ from }) => directory.byOutpoint(from) !== undefined)) return
    this.#refreshedMs = now
    // Without a new list the old one counts.
    await directory.refresh({ signal }).catch(() => {})
  }

  /** Undefined: it is refused, for now or for good. @throws what says nothing about the entry */
  async #verify(entry: PasteldMessage): Promise<Verified | undefined> {
    const { directory, node } = this.#components
    const { id, from } = entry
    const supernode = directory.byOutpoint(from)
    const sender = supernode?.pastelId
    // What costs nothing first: whoever is refused may send as much as it likes.
    if (supernode === undefined || sender === undefined || supernode.publicKey === '') {
      return this.#leave(id, 'unknown-sender')
    }
    if (this.#isAmbiguous(sender, from)) return this.#leave(id, 'ambiguous-sender')
    if (node().registry.memberAt(sender, Date.now()) === undefined) return this.#leave(id, 'not-a-member')
    // Its sender may have registered another key since the list was read: then it is looked at once more.
    const keys = `${sender} ${supernode.publicKey}`
    if (this.#waiting.get(id) === keys) return undefined
    if (!this.#bucketOf(from).take(1)) {
      this.#deferred += 1
      return undefined
    }
    try {
      const envelope = decodeEnvelope(entry.text)
      await verifyEnvelope(envelope, supernode)
      return { entry, envelope, sender }
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error
      // Nothing was waited for until here: many that take long to refuse would keep everything else from its turn.
      await setImmediate()
      if (error.code === 'ERR_ENVELOPE_FORGED' || error.code === 'ERR_ENVELOPE_PUBLIC_KEY') {
        return this.#leave(id, 'forged', keys)
      }
      return this.#refuse(id, error.code === 'ERR_ENVELOPE_FEE' ? 'fee' : 'envelope')
    }
  }

  /** Whether it may be another that has this PastelID; the node's own is no other's. */
  #isAmbiguous(sender: PastelId, from: string): boolean {
    const { directory, signer } = this.#components
    if (sender === signer.pastelId) return true
    const live = liveSupernodesOf(sender, directory)
    return live.length > 1 || (live[0] !== undefined && live[0].outpoint !== from)
  }

  #bucketOf(outpoint: string): TokenBucket {
    const bucket = this.#buckets.get(outpoint) ?? new TokenBucket(this.#components.senderRate)
    // The one that was used last is at the end.
    this.#buckets.delete(outpoint)
    this.#buckets.set(outpoint, bucket)
    if (this.#buckets.size > MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value as string)
    return bucket
  }

  async #bringIn({ entry, envelope, sender }: Verified): Promise<void> {
    const { node, taken, onTaken } = this.#components
    const { type, headers } = fromMessageType(envelope.messageType)
    const createdAtMs = entry.timestamp * 1000
    try {
      await node().bringIn({
        via: VIA,
        sender,
        createdAtMs,
        message: {
          type,
          text: envelope.message,
          headers: {
            ...headers,
            [SIGNATURE_HEADER]: encodeSignature(envelope.signature),
            [ID_HEADER]: entry.id,
          },
        },
        values: [taken.noting(entry.id, createdAtMs)],
      })
    } catch (error) {
      // Longer than a message of ours may be.
      if ((error as { code?: unknown }).code !== 'ERR_MESSAGE') throw error
      this.#refuse(entry.id, 'message')
      return
    }
    taken.add(entry.id, createdAtMs)
    this.#waiting.delete(entry.id)
    onTaken()
  }

  #refuse(id: string, reason: EntryRefusal): undefined {
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
    this.#refused.add(id)
    this.#waiting.delete(id)
    this.#components.onRefused(reason)
  }

  /** Too old: counted once, as far as that is remembered. */
  #skip(id: string): void {
    if (this.#obsolete.size >= MAX_REFUSED) return
    this.#obsolete.add(id)
    this.#components.onRefused('obsolete')
  }

  /** Refused, and looked at again with the next list. */
  #leave(id: string, reason: EntryRefusal, of: string = reason): undefined {
    if (this.#waiting.get(id) === of) return
    if (this.#waiting.size >= MAX_REFUSED) this.#waiting.clear()
    this.#waiting.set(id, of)
    this.#components.onRefused(reason)
  }
}

/** In the order of their sending, as far as clocks say; the list is in the order of hashes. */
function inTime(a: PasteldMessage, b: PasteldMessage): number {
  return a.timestamp - b.timestamp || (a.id < b.id ? -1 : 1)
}
