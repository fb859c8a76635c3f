import type { PastelId } from '@pastel-mesh/identity'
import type { SignedBatch } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { type DecodedBatch, Dropped } from './judge.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

/**
 * What one sender may begin at this node. Each run and each channel costs memory, places in the indexes and room in what
 * peers tell each other, however little is said in it. Over it a batch is deferred, never lost: log sync brings it.
 */
export interface OpeningRates {
  /** Runs: logs of which nothing is here yet. */
  readonly runs: Rate
  /** Channels in which nothing of the sender is stored yet. */
  readonly channels: Rate
}

/**
 * A node that crashes in a loop, started again every five seconds, writes to twenty channels each time. The burst is the
 * history of three days of one that starts once a minute in one channel. A sender who means harm gets a third of a
 * million logs a day, some hundred bytes each.
 *
 * Channels come to stay, unlike runs: four times the topics that a relay carries, and what retention has removed all of
 * is new again, so one a minute comes back.
 */
export const DEFAULT_OPENING_RATES: OpeningRates = {
  runs: { perSecond: 4, burst: 4_096 },
  channels: { perSecond: 1 / 60, burst: 1_024 },
}

/** Senders remembered, as in the rates: who opened something longest ago leaves first. */
const MAX_SENDERS = 8_192
/** Channels of senders that need not be looked up: a page of heads, whose runs are taken in at once. */
const MAX_KNOWN = 4_096

export interface SenderOpeningsOptions {
  /** This node's own PastelID: what it lost of its own it may get back at once. */
  readonly own: PastelId
  /** @default DEFAULT_OPENING_RATES */
  readonly senderOpenings?: OpeningRates | undefined
}

export interface SenderOpeningsComponents {
  readonly store: MessageStore
}

interface Account {
  readonly runs: TokenBucket
  readonly channels: TokenBucket
}

/** Charges each sender for what it begins. */
export class SenderOpenings {
  readonly #own: PastelId
  readonly #rates: OpeningRates
  readonly #store: MessageStore
  readonly #accounts = new Map<PastelId, Account>()
  /** Senders and channels of which something is stored, or on its way to the disk; of the others the disk is asked. */
  readonly #known = new Set<string>()

  constructor(options: SenderOpeningsOptions, { store }: SenderOpeningsComponents) {
    this.#own = options.own
    this.#rates = options.senderOpenings ?? DEFAULT_OPENING_RATES
    this.#store = store
  }

  /** Senders that are remembered. */
  get size(): number {
    return this.#accounts.size
  }

  /**
   * Saves the signature check of a batch that would begin a run, and may not. Nobody is charged: whose it is is not
   * certain yet.
   * @throws Dropped
   */
  async assertNotOver({ signed, sender }: DecodedBatch): Promise<void> {
    const account = this.#accounts.get(sender)
    if (account === undefined || account.runs.delayMs(1) === 0) return
    if (await this.#begins(signed)) throw new Dropped('ignore', 'sender-runs')
  }

  /**
   * Places a batch. If it begins a run its sender is charged for that, and for the channel if that is new.
   * @throws Dropped, and whatever `place` throws
   */
  async charged<T extends { readonly action: string; readonly committed?: unknown }>(
    { signed, sender }: DecodedBatch,
    place: () => Promise<T>,
  ): Promise<T> {
    if (sender === this.#own || !(await this.#begins(signed))) return place()
    const name = `${sender} ${signed.batch.channel}`
    const isNewChannel = !this.#known.has(name) && !(await this.#hasStored(signed))
    const { runs, channels } = this.#account(sender)
    if (runs.delayMs(1) > 0) throw new Dropped('ignore', 'sender-runs')
    if (isNewChannel && !channels.take(1)) throw new Dropped('ignore', 'sender-channels')
    runs.spend(1)
    let isStored = false
    try {
      const verdict = await place()
      isStored = verdict.action === 'accept' && verdict.committed !== undefined
      return verdict
    } finally {
      if (isStored) this.#remember(name)
      else {
        // Nothing was begun after all.
        runs.giveBack(1)
        if (isNewChannel) channels.giveBack(1)
      }
    }
  }

  #remember(name: string): void {
    this.#known.add(name)
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string)
  }

  /** Whether nothing of a batch's log is here yet, held batches included. */
  async #begins({ log, logBytes }: SignedBatch): Promise<boolean> {
    if (this.#store.firstHeld(log, 0) !== undefined) return false
    return (await this.#store.log(log, logBytes)) === undefined
  }

  /** Whether anything of a batch's sender is in its channel's order. */
  async #hasStored({ batch: { sender, channel } }: SignedBatch): Promise<boolean> {
    for await (const _ of this.#store.read({ sender, channel, reverse: true })) return true
    return false
  }

  #account(sender: PastelId): Account {
    const { runs, channels } = this.#rates
    const account = this.#accounts.get(sender) ?? {
      runs: new TokenBucket(runs),
      channels: new TokenBucket(channels),
    }
    this.#accounts.delete(sender)
    this.#accounts.set(sender, account)
    if (this.#accounts.size > MAX_SENDERS) {
      this.#accounts.delete(this.#accounts.keys().next().value as PastelId)
    }
    return account
  }
}
