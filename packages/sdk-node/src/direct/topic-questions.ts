import type { PastelId } from '@pastel-mesh/identity'
import { decodeLogId, type LogRange, ProtocolError } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { DirectPeers } from './direct-peers.ts'
import type { KeptReceipts } from './kept-receipts.ts'
import type { ReceiptCheck } from './receipt-check.ts'

export interface TopicQuestionsComponents {
  readonly store: MessageStore
  readonly peers: Pick<DirectPeers, 'askAside'>
  readonly check: ReceiptCheck
  /** Where the answers go. */
  readonly kept: KeptReceipts
}

interface Question {
  first: number
  last: number
  readonly answered: Promise<void>
}

/**
 * Asks members what they store of logs of this node. Of one log one question is under way to a member, however many
 * callers want to know; those that it does not serve wait for one more together.
 */
export class TopicQuestions {
  readonly #components: TopicQuestionsComponents
  readonly #underWay = new Map<string, Question>()
  readonly #next = new Map<string, Question>()

  constructor(components: TopicQuestionsComponents) {
    this.#components = components
  }

  /**
   * Resolves when the member has answered, and what it said is kept.
   * @throws MeshError ERR_NOT_CONNECTED, ERR_DIRECT_TIMEOUT and the like; ProtocolError: its answer is wrong
   */
  ask(name: PastelId, { log, first, last }: LogRange): Promise<void> {
    const key = `${name} ${log}`
    const current = this.#underWay.get(key)
    if (current !== undefined && current.first <= first && last <= current.last) return current.answered
    const next = this.#next.get(key)
    if (next !== undefined) {
      next.first = Math.min(next.first, first)
      next.last = Math.max(next.last, last)
      return next.answered
    }
    if (current === undefined) return this.#begin(key, name, { log, first, last })
    const answered = current.answered
      .catch(() => {})
      .then(() => {
        this.#next.delete(key)
        return this.#begin(key, name, { log, first: created.first, last: created.last })
      })
    const created: Question = { first, last, answered }
    this.#next.set(key, created)
    return answered
  }

  #begin(key: string, name: PastelId, range: LogRange): Promise<void> {
    const question: Question = {
      ...range,
      answered: this.#ask(name, range, (last) => (question.last = last)),
    }
    this.#underWay.set(key, question)
    const end = () => void this.#underWay.delete(key)
    question.answered.then(end, end)
    return question.answered
  }

  async #ask(name: PastelId, { log, first, last }: LogRange, onEnd: (last: number) => void): Promise<void> {
    const { store, peers, check, kept } = this.#components
    // To the end of the log: so one receipt speaks for what is asked of next, too, and takes the place of earlier ones.
    const end = Math.max(last, ((await store.log(log, decodeLogId(log)))?.next ?? 0) - 1)
    onEnd(end)
    const { receipts } = await peers.askAside(name, { kind: 'ask', ranges: [{ log, first, last: end }] })
    const [receipt] = receipts
    if (receipt === undefined) return
    const known = await check.open(receipt)
    if (known === undefined) {
      throw new ProtocolError('ERR_RECEIPT_FIELD', `another node has the PastelID ${name} now`)
    }
    if (known.by !== name) {
      throw new ProtocolError('ERR_RECEIPT_FIELD', `${name} answered with a receipt of ${known.by}`)
    }
    if (known.content.ranges.some((range) => range.log === log)) await kept.keep([log], known)
  }
}
