import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, parseChannel, topicChannel } from '@pastel-mesh/protocol'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import { Random } from '../random.ts'
import type { RecordFile } from '../record-file.ts'
import type { AcceptedRecord } from '../records.ts'
import type { MemberJob } from './protocol.ts'

export interface SenderComponents {
  readonly node: MeshNode
  readonly accepted: RecordFile
}

/** Numbers of one incarnation begin here: a process sends less. */
const INCARNATION_NUMBERS = 1_000_000
const MAX_BURST = 4
const MAX_PADDING = 300
/** A node that does not accept by then is not waited for; the message may be stored all the same. */
const MAX_ACCEPT_MS = 30_000
/** Statuses that are looked at in one go. */
const MAX_LOOKS = 300
const MAX_TOLD = 1_000
const FINAL = new Set(['delivered', 'rejected', 'lost', 'expired'])

/** Sends numbered messages to topics and inboxes, and records each that was accepted. */
export class Sender {
  readonly #job: MemberJob
  readonly #components: SenderComponents
  readonly #random: Random
  readonly #channels: readonly string[]
  readonly #numbers = new Map<string, number>()
  /** One call at a time for each channel: the order of the calls is the order of the numbers. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  /** Ids of accepted direct messages whose delivery is not settled. */
  readonly #undelivered: Set<string>
  #running: Promise<void> | undefined
  readonly refused: Record<string, number> = {}
  /** Messages that were accepted, by channel, by this process and those before it. */
  readonly accepted: Record<string, number> = {}

  constructor(job: MemberJob, before: readonly AcceptedRecord[], components: SenderComponents) {
    this.#job = job
    this.#components = components
    this.#random = new Random(job.randomSeed)
    const others = job.pastelIds.filter((_, member) => member !== job.member)
    this.#channels = [...job.topics.map(topicChannel), ...others.map((id) => inboxChannel(id as PastelId))]
    this.#count(before)
    this.#undelivered = new Set(before.filter(isDirect).map(({ id }) => id))
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await Promise.all(this.#busy.values())
  }

  /** @returns the ids of direct messages of which nobody knows yet what became of them */
  async undelivered(): Promise<string[]> {
    const looked = [...this.#undelivered].slice(0, MAX_LOOKS)
    for (const id of looked) {
      // The next look begins with others.
      this.#undelivered.delete(id)
      try {
        const { state } = await this.#components.node.status(id)
        if (!FINAL.has(state)) this.#undelivered.add(id)
      } catch (error) {
        // A folder that was restored knows nothing of it.
        if (codeOf(error) !== 'ERR_UNKNOWN_MESSAGE') this.#undelivered.add(id)
      }
    }
    return [...this.#undelivered].slice(0, MAX_TOLD)
  }

  #count(records: readonly AcceptedRecord[]): void {
    for (const { channel } of records) this.accepted[channel] = (this.accepted[channel] ?? 0) + 1
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const meanMs = (1000 * (1 + MAX_BURST)) / 2 / this.#job.messagesPerSecond
    while (!signal.aborted) {
      await delay(meanMs * (0.5 + this.#random.next()), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const channel = this.#pickChannel()
      const count = this.#random.between(1, MAX_BURST)
      if (this.#busy.has(channel)) continue
      const sending = this.#send(channel, count).finally(() => this.#busy.delete(channel))
      this.#busy.set(channel, sending)
    }
  }

  /** Topics get about as much as all inboxes together. */
  #pickChannel(): string {
    const { topics } = this.#job
    const isTopic = this.#random.between(0, 1) === 0
    return this.#random.pick(
      isTopic ? this.#channels.slice(0, topics.length) : this.#channels.slice(topics.length),
    )
  }

  async #send(channel: string, count: number): Promise<void> {
    const { node, accepted } = this.#components
    const from = this.#numbers.get(channel) ?? this.#job.incarnation * INCARNATION_NUMBERS
    this.#numbers.set(channel, from + count)
    const messages = Array.from({ length: count }, (_, i) => ({
      text: `${this.#job.member} ${channel} ${from + i} ${'x'.repeat(this.#random.between(0, MAX_PADDING))}`,
    }))
    const signal = AbortSignal.timeout(MAX_ACCEPT_MS)
    const to = parseChannel(channel)
    try {
      const sent =
        to.kind === 'topic'
          ? await node.publishMany(to.topic, messages, { signal })
          : await node.sendMany(to.recipient, messages, { signal })
      const atMs = Date.now() - this.#job.clockShiftMs
      const records = sent.map(({ id }, i): AcceptedRecord => ({ channel, number: from + i, id, atMs }))
      await accepted.append(records)
      this.#count(records)
      for (const record of records.filter(isDirect)) this.#undelivered.add(record.id)
    } catch (error) {
      const code = codeOf(error)
      this.refused[code] = (this.refused[code] ?? 0) + count
    }
  }
}

function isDirect({ channel }: AcceptedRecord): boolean {
  return parseChannel(channel).kind === 'inbox'
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name: string }
  return typeof code === 'string' ? code : name
}
