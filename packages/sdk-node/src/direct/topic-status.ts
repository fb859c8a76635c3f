import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { equalBytes, type LogRange, ProtocolError, parseChannel } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { AddressBook } from '../connection/address-book.ts'
import { abortable } from '../inbound/abortable.ts'
import { withTimeLimit } from '../inbound/time-limit.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { pastelIdOf } from '../pastel-id-of.ts'
import { type DeliveryReceipt, unknownMessage } from './delivery-status.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { KeptReceipts } from './kept-receipts.ts'
import type { TopicQuestions } from './topic-questions.ts'

/**
 * What a member says of a message to a topic:
 *
 * - `stored`: it stores it, and has signed that
 * - `not-yet`: it was asked, and does not have it in its order
 * - `rejected`: it does not have it any more, or will not have it; says why
 * - `lost`: it went on without it, or it is from before the history that it wants
 * - `unknown`: it is not connected, did not answer in time, or answered wrongly; says which
 */
export type TopicMemberState = 'stored' | 'not-yet' | 'rejected' | 'lost' | 'unknown'

/** A member that announces a topic, and what it says of a message. */
export interface TopicMember {
  readonly pastelId: PastelId
  readonly state: TopicMemberState
  /** Of `rejected` a reason code, such as `pruned`; of `unknown` `not-connected`, `no-answer` or `wrong-answer`. */
  readonly reason?: string
  /** What it has signed, of what is stored, rejected or lost. */
  readonly receipt?: DeliveryReceipt
}

/** Who stores a message to a topic. */
export interface TopicStatus {
  readonly id: string
  readonly topic: string
  /** How many of the members store it. */
  readonly stored: number
  /** The members that announce the topic, this node aside, as far as it knows their certificates. */
  readonly members: readonly TopicMember[]
}

export interface TopicStatusComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly book: AddressBook
  readonly registry: MemberRegistry
  readonly peers: Pick<DirectPeers, 'isConnected'>
  readonly questions: Pick<TopicQuestions, 'ask'>
  readonly kept: Pick<KeptReceipts, 'outcome'>
}

/** Who has not answered by then is not waited for: it may have been asked by many, and answers them a second apart. */
const ANSWER_MS = 10_000

/** Tells who stores a message of this node to a topic: asks those members that are connected and have not said so. */
export class TopicStatusReader {
  readonly #components: TopicStatusComponents
  readonly #stopped = new AbortController()

  constructor(components: TopicStatusComponents) {
    this.#components = components
  }

  /**
   * @throws MeshError ERR_UNKNOWN_MESSAGE, ERR_NO_TOPIC, ERR_NOT_OWN_MESSAGE, ERR_STOPPED; ProtocolError
   * ERR_MESSAGE_ID; the signal's reason
   */
  async status(id: string, signal?: AbortSignal): Promise<TopicStatus> {
    const { store, own } = this.#components
    this.#stopped.signal.throwIfAborted()
    const found = await store.findMessage(id)
    if (found === undefined) throw unknownMessage(id)
    const { log, batch } = found.stored.signed
    const channel = parseChannel(batch.channel)
    if (channel.kind !== 'topic') {
      throw new MeshError('ERR_NO_TOPIC', `the message ${id} went to one member, and to no topic`)
    }
    if (!equalBytes(batch.sender, own)) {
      throw new MeshError(
        'ERR_NOT_OWN_MESSAGE',
        `the message ${id} is of ${pastelIdOf(batch.sender)}: only its sender is told who stores it`,
      )
    }
    const { topic } = channel
    const range = { log, first: batch.first, last: batch.first + batch.count - 1 }
    const position = batch.first + found.index
    const looks = this.#announcers(topic).map((name) => this.#look(name, range, position))
    const members = await abortable(Promise.all(looks), signal)
    return { id, topic, stored: members.filter(({ state }) => state === 'stored').length, members }
  }

  /** Nobody waits for an answer any more. */
  stop(): void {
    this.#stopped.abort(new MeshError('ERR_STOPPED', 'the node was stopped'))
  }

  /** The members whose certificates name a topic and are good now. */
  #announcers(topic: string): PastelId[] {
    const { book, registry } = this.#components
    const nowMs = Date.now()
    return [...book.entries()]
      .filter(({ pastelId, certificate: { topics, notAfterMs } }) => {
        if (notAfterMs <= nowMs || !topics.includes(topic)) return false
        return registry.memberAt(pastelId, nowMs) !== undefined
      })
      .map(({ pastelId }) => pastelId)
  }

  async #look(pastelId: PastelId, range: LogRange, position: number): Promise<TopicMember> {
    const known = this.#known(pastelId, range, position)
    // That it stores it was proved once.
    if (known?.state === 'stored') return known
    const problem = await this.#ask(pastelId, range)
    const said = this.#known(pastelId, range, position)
    if (said !== undefined) return said
    return problem === undefined
      ? { pastelId, state: 'not-yet' }
      : { pastelId, state: 'unknown', reason: problem }
  }

  /** @returns why there is no answer */
  async #ask(pastelId: PastelId, range: LogRange): Promise<string | undefined> {
    const { peers, questions } = this.#components
    if (!peers.isConnected(pastelId)) return 'not-connected'
    const error = () => new MeshError('ERR_DIRECT_TIMEOUT', `${pastelId} did not answer in time`)
    const limit = { ms: ANSWER_MS, error, signal: this.#stopped.signal }
    try {
      await withTimeLimit(limit, () => questions.ask(pastelId, range))
      return undefined
    } catch (cause) {
      this.#stopped.signal.throwIfAborted()
      return isWrong(cause) ? 'wrong-answer' : 'no-answer'
    }
  }

  /** What a member said last, as far as that is kept. */
  #known(pastelId: PastelId, { log }: LogRange, position: number): TopicMember | undefined {
    const said = this.#components.kept.outcome(log, position, pastelId)
    if (said === undefined) return undefined
    const { outcome, reason } = said.range
    const { receipt, certificate, content } = said.receipt
    return {
      pastelId,
      state: outcome === 'entered' ? 'stored' : outcome,
      ...(reason === '' ? {} : { reason }),
      receipt: { receipt, certificate, createdAtMs: content.createdAtMs },
    }
  }
}

/** Whether an answer came, and was none. */
function isWrong(cause: unknown): boolean {
  const code = (cause as { code?: unknown }).code
  return code === 'ERR_DIRECT_PROTOCOL' || cause instanceof ProtocolError
}
