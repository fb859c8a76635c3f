import type { PastelId } from '@pastel-mesh/identity'
import {
  type CertifiedReceipt,
  type DirectRefusal,
  type DirectRequest,
  type DirectResponse,
  type LogRange,
  openBatch,
  ProtocolError,
  type ReceiptRange,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { Delivery, Verdict } from '../inbound/pipeline.ts'
import { pastelIdOf } from '../pastel-id-of.ts'
import { AskBudget } from './ask-budget.ts'
import type { EnteredRanges } from './entered-ranges.ts'
import { inFrames } from './frame-room.ts'
import type { InboxRanges } from './inbox-ranges.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { OwnReceipts, SaidOf } from './own-receipts.ts'
import type { ReceiptBook } from './receipt-book.ts'
import type { ReceiptMaker } from './receipt-maker.ts'
import type { TopicTeller } from './topic-teller.ts'

export interface DirectAnswersComponents {
  readonly store: MessageStore
  readonly inbox: InboxRanges
  readonly mailboxes: Mailboxes
  readonly receipts: ReceiptBook
  readonly maker: ReceiptMaker
  readonly entered: EnteredRanges
  readonly ownReceipts: OwnReceipts
  readonly topics: TopicTeller
  /** The inbound pipeline. */
  readonly receive: (
    envelope: Uint8Array,
    peer: string,
    options: Pick<Delivery, 'admit' | 'signal'>,
  ) => Promise<Verdict>
  /** Charges a peer for what its question costs, as if it had delivered batches; resolves when its rate allows it. */
  readonly charge: (peer: string, batches: number, signal: AbortSignal) => Promise<void>
  readonly pastelIdOf: (peer: string) => PastelId | undefined
  /** A peer has shown a gap: what is missing is to be read from it. */
  readonly onMissing: (peer: string, log: SignedBatch['log']) => void
}

/** What became of a batch that was left here: a receipt says so, or it is refused and may be offered again. */
type Outcome = { readonly receipt: ReceiptRange } | { readonly refused: DirectRefusal }

/** This node does not keep a batch for its recipient. */
class Refused extends Error {
  readonly signed: SignedBatch
  readonly reason: string
  constructor(signed: SignedBatch, reason: string) {
    super(reason)
    this.signed = signed
    this.reason = reason
  }
}

/** Logs that are looked up for what one batch costs, whose signature is checked. */
const LOOKUPS_A_BATCH = 16

/** Verdicts after which a batch will not be taken later either. */
const FINAL = new Set(['frozen', 'conflict'])

/** What this node says to who leaves batches for inboxes here, brings receipts, or asks for them. */
export class DirectAnswers {
  readonly #components: DirectAnswersComponents

  constructor(components: DirectAnswersComponents) {
    this.#components = components
  }

  /** @throws ProtocolError: the peer broke the rules; StorageError */
  async answer(request: DirectRequest, peer: string, signal: AbortSignal): Promise<DirectResponse> {
    const { id } = request
    if (request.kind === 'deposit') {
      return { id, error: '', ...(await this.#deposit(request.batches, peer, signal)) }
    }
    if (request.kind === 'receipts') {
      return { id, receipts: await this.#told(request.receipts, peer, signal), refused: [], error: '' }
    }
    const receipts = await this.#tell(request.ranges, peer, signal)
    if (receipts === undefined) return { id, receipts: [], refused: [], error: 'busy' }
    return { id, receipts, refused: [], error: '' }
  }

  /** Takes receipts in; of its own it says how far they are true still. */
  async #told(
    certified: readonly CertifiedReceipt[],
    peer: string,
    signal: AbortSignal,
  ): Promise<CertifiedReceipt[]> {
    const { receipts, ownReceipts, maker, charge } = this.#components
    const budget = new AskBudget()
    await charge(peer, certified.length, signal)
    const said: SaidOf[] = []
    for (const one of certified) {
      const known = await receipts.take(one)
      if (known === undefined || !receipts.isOwn(known)) continue
      // Who shows it may count nothing any more that is not above it.
      maker.goOnFrom(known.content.serial)
      await charge(peer, known.content.ranges.length / LOOKUPS_A_BATCH, signal)
      said.push(...(await ownReceipts.look(known, budget)))
    }
    return this.#sayAgain(said)
  }

  /** For each sender a receipt of its own, for who is shown it hands it on; unless that is more than a frame holds. */
  async #sayAgain(said: readonly SaidOf[]): Promise<CertifiedReceipt[]> {
    const { maker } = this.#components
    const receipts: CertifiedReceipt[] = []
    for (const some of Map.groupBy(said, ({ sender }) => sender).values()) {
      receipts.push(...(await maker.make(joined(some.flatMap(({ ranges }) => ranges)))))
    }
    if (inFrames(receipts).length <= 1) return receipts
    return inOneFrame(await maker.make(joined(said.flatMap(({ ranges }) => ranges))))
  }

  async #deposit(envelopes: readonly Uint8Array[], peer: string, signal: AbortSignal) {
    const { maker } = this.#components
    // At once: the pipeline keeps each log's order, and verifies side by side.
    const settled = await Promise.allSettled(envelopes.map((envelope) => this.#take(envelope, peer, signal)))
    const ranges: ReceiptRange[] = []
    const refused: DirectRefusal[] = []
    for (const outcome of settled) {
      if (outcome.status === 'rejected') throw outcome.reason
      if ('receipt' in outcome.value) ranges.push(outcome.value.receipt)
      else refused.push(outcome.value.refused)
    }
    return { receipts: await maker.make(joined(ranges)), refused }
  }

  async #take(envelope: Uint8Array, peer: string, signal: AbortSignal): Promise<Outcome> {
    let taken: { readonly signed: SignedBatch; readonly carried: boolean } | undefined
    const admit = (signed: SignedBatch) => {
      taken = { signed, carried: this.#isCarried(signed, peer) }
      return taken
    }
    try {
      const verdict = await this.#components.receive(envelope, peer, { admit, signal })
      if (verdict.action === 'reject') {
        throw new ProtocolError('ERR_DIRECT_FIELD', `a batch that is refused: ${verdict.reason}`)
      }
      // Of what is known by its hash, and of what no disk takes, nothing was decoded.
      const { signed, carried } = taken ?? admit(openBatch(envelope))
      return await this.#outcome(signed, verdict, carried, peer)
    } catch (error) {
      if (error instanceof Refused) return refusal(error.signed, error.reason)
      throw error
    }
  }

  /**
   * Whether a batch is kept for somebody else.
   * @throws Refused: this node does not keep it; ProtocolError: it is to no inbox
   */
  #isCarried(signed: SignedBatch, peer: string): boolean {
    const { inbox, mailboxes, pastelIdOf: nameOf } = this.#components
    const { channel, sender } = signed.batch
    if (!channel.startsWith('inbox/'))
      throw new ProtocolError('ERR_DIRECT_FIELD', 'a batch to a topic was left')
    if (inbox.isInbox(channel)) return false
    const reason = nameOf(peer) === pastelIdOf(sender) ? mailboxes.refusal(signed) : 'not-its-own'
    if (reason !== undefined) throw new Refused(signed, reason)
    return true
  }

  async #outcome(signed: SignedBatch, verdict: Verdict, carried: boolean, peer: string): Promise<Outcome> {
    if (verdict.action === 'accept') {
      if ('missing' in verdict) {
        await verdict.committed
        return this.#gap(signed, peer)
      }
      const stored = await verdict.committed
      if (!carried)
        return { receipt: this.#components.entered.add(await this.#components.inbox.ofStored(stored)) }
    } else if (FINAL.has(verdict.reason)) {
      return { receipt: rangeOf(signed, 'rejected', verdict.reason) }
    } else if (verdict.reason !== 'duplicate' && verdict.reason !== 'pruned') {
      return refusal(signed, verdict.reason)
    }
    return carried ? this.#carried(signed) : this.#inInbox(signed, peer)
  }

  async #carried(signed: SignedBatch): Promise<Outcome> {
    if (!(await this.#components.store.has(signed))) return refusal(signed, 'pruned')
    return { receipt: rangeOf(signed, 'entered', '') }
  }

  /** It came before. */
  async #inInbox(signed: SignedBatch, peer: string): Promise<Outcome> {
    const { inbox, entered } = this.#components
    const whole = rangeOf(signed, 'entered', '')
    const [range] = await inbox.of(whole)
    // Held: what is before it is missing.
    if (range === undefined) return this.#gap(signed, peer)
    return { receipt: entered.add({ ...range, first: whole.first, last: whole.last }) }
  }

  #gap(signed: SignedBatch, peer: string): Outcome {
    this.#components.onMissing(peer, signed.log)
    return refusal(signed, 'gap')
  }

  /** What is known of the asker's own messages; undefined: it has asked about topics, and waits for the answer. */
  async #tell(
    ranges: readonly LogRange[],
    peer: string,
    signal: AbortSignal,
  ): Promise<CertifiedReceipt[] | undefined> {
    const { inbox, receipts, maker, topics, charge, pastelIdOf: nameOf } = this.#components
    const told = new Set<CertifiedReceipt>()
    const made: ReceiptRange[] = []
    const ofTopics: LogRange[] = []
    const asker = nameOf(peer)
    if (asker === undefined) return []
    const budget = new AskBudget()
    // Before anything is looked up: whoever names logs that nobody knows pays for them, too.
    await charge(peer, ranges.length / LOOKUPS_A_BATCH, signal)
    // A log is asked for once, however often it is named.
    for (const range of new Map(ranges.map((one) => [one.log, one])).values()) {
      const state = await inbox.stateOf(range.log)
      if (state === undefined || pastelIdOf(state.sender) !== asker) continue
      if (inbox.isInbox(state.channel)) made.push(...(await inbox.of(range, { budget })))
      else if (state.channel.startsWith('topic/')) ofTopics.push(range)
      else {
        for (const receipt of receipts.about(range)) told.add(receipt)
        made.push(...(await this.#carriedOf(range, budget)))
      }
    }
    const ofOthers = ofTopics.length === 0 ? [] : await topics.tell(asker, ofTopics)
    // What settles something comes first: it is not asked for again.
    return ofOthers && inOneFrame([...told, ...ofOthers, ...(await maker.make(joined(made)))])
  }

  /** What is kept of a log to the inbox of somebody else. */
  async #carriedOf(range: LogRange, budget: AskBudget): Promise<ReceiptRange[]> {
    const kept: ReceiptRange[] = []
    for await (const { signed, envelope } of this.#components.store.readLog(range)) {
      if (!budget.spend(envelope.length)) break
      kept.push(rangeOf(signed, 'entered', ''))
    }
    return kept
  }
}

/** As many receipts as a frame holds: the rest is asked for again. */
function inOneFrame(receipts: readonly CertifiedReceipt[]): CertifiedReceipt[] {
  const [frame = []] = inFrames(receipts)
  return frame
}

function rangeOf(
  { log, batch }: SignedBatch,
  outcome: ReceiptRange['outcome'],
  reason: string,
): ReceiptRange {
  return { log, first: batch.first, last: batch.first + batch.count - 1, outcome, reason }
}

function refusal({ log, batch }: SignedBatch, reason: string): Outcome {
  return { refused: { log, first: batch.first, last: batch.first + batch.count - 1, reason } }
}

/** Ranges of which each says something that no other does, neighbours made one. */
function joined(ranges: readonly ReceiptRange[]): ReceiptRange[] {
  const result: ReceiptRange[] = []
  const sorted = [...ranges].sort((a, b) => (a.log === b.log ? a.first - b.first : a.log < b.log ? -1 : 1))
  for (const range of sorted) {
    const before = result.at(-1)
    const isOne =
      before !== undefined &&
      before.log === range.log &&
      before.outcome === range.outcome &&
      before.reason === range.reason &&
      range.first <= before.last + 1
    if (isOne) result[result.length - 1] = { ...before, last: Math.max(before.last, range.last) }
    else result.push(range)
  }
  return result
}
