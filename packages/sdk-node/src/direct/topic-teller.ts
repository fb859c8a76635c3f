import type { PastelId } from '@pastel-mesh/identity'
import {
  type CertifiedReceipt,
  type LogRange,
  MAX_RECEIPT_RANGES,
  type ReceiptRange,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { AskBudget } from './ask-budget.ts'
import type { ReceiptMaker } from './receipt-maker.ts'
import { topicRanges } from './topic-ranges.ts'

export interface TopicTellerComponents {
  readonly store: MessageStore
  readonly maker: ReceiptMaker
}

/** Receipts about topics are made so far apart, however many ask. */
const INTERVAL_MS = 1_000
/** Askers of one receipt; the others wait for the next. */
const MAX_ASKERS = 16
/** Logs of which one asker is told at a time, and ranges that it is told of: its share of a receipt. */
const MAX_TOPIC_RANGES = MAX_RECEIPT_RANGES / MAX_ASKERS
/** Bytes of batches that are read for one asker at a time: one is read for each log. */
const MAX_BYTES = 1024 * 1024

interface Question {
  readonly ranges: readonly LogRange[]
  readonly made: ReceiptRange[]
  readonly resolve: (receipts: readonly CertifiedReceipt[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Tells the authors of logs to topics what this node stores of them, when they ask: one receipt a second at most, for
 * all who have asked meanwhile.
 *
 * ```
 *   asked ──▶ waiting, one question an asker ── a second after the last receipt ──▶ one receipt for up to 16 askers
 * ```
 */
export class TopicTeller {
  readonly #components: TopicTellerComponents
  readonly #waiting = new Map<PastelId, Question>()
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> | undefined
  #isStopped = false

  constructor(components: TopicTellerComponents) {
    this.#components = components
  }

  /**
   * @param ranges of logs of the asker to topics
   * @returns none if there is nothing to tell; undefined: an earlier question of this asker waits still
   * @throws StorageError
   */
  async tell(asker: PastelId, ranges: readonly LogRange[]): Promise<readonly CertifiedReceipt[] | undefined> {
    if (this.#waiting.has(asker)) return undefined
    if (this.#isStopped) return []
    const { promise, resolve, reject } = Promise.withResolvers<readonly CertifiedReceipt[]>()
    this.#waiting.set(asker, { ranges: ranges.slice(0, MAX_TOPIC_RANGES), made: [], resolve, reject })
    this.#schedule()
    return promise
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const { resolve } of this.#waiting.values()) resolve([])
    this.#waiting.clear()
    await this.#telling
  }

  #schedule(): void {
    if (this.#waiting.size === 0 || this.#telling !== undefined || this.#isStopped) return
    const dueMs = Math.max(0, this.#lastMs + INTERVAL_MS - performance.now())
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#telling = this.#tellSome().finally(() => {
        this.#telling = undefined
        this.#lastMs = performance.now()
        this.#schedule()
      })
    }, dueMs)
  }

  async #tellSome(): Promise<void> {
    const questions = [...this.#waiting].slice(0, MAX_ASKERS)
    for (const [asker] of questions) this.#waiting.delete(asker)
    const asked = questions.map(([, question]) => question)
    try {
      for (const { ranges, made } of asked) made.push(...(await this.#look(ranges)))
      const receipts = await this.#components.maker.make(asked.flatMap(({ made }) => made))
      for (const { made, resolve } of asked) resolve(made.length === 0 ? [] : receipts)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }

  async #look(ranges: readonly LogRange[]): Promise<ReceiptRange[]> {
    const { store } = this.#components
    const budget = new AskBudget(MAX_BYTES)
    const made: ReceiptRange[] = []
    for (const range of ranges) {
      if (made.length >= MAX_TOPIC_RANGES) break
      made.push(...(await topicRanges(range, store, budget)))
    }
    return made.slice(0, MAX_TOPIC_RANGES)
  }
}
