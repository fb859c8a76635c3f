import { cpuTimeMs } from '../cpu-time.ts'
import { type NodeMemory, watchMemory } from './node-memory.ts'
import { publishSteadily, type Rate } from './publish-steadily.ts'
import { Receipts } from './receipts.ts'
import { apiOf, type ServedNode, TOPIC, withServedNode } from './served-node.ts'
import { subscribe, type Transport } from './subscriber.ts'

/** As often as a session may follow. */
const MAX_OF_SESSION = 16
/** Before it is measured: both processes compile their code. */
const WARM_UP_SECONDS = 3

export interface SubscribersOptions extends Rate {
  readonly subscribers: number
}

export interface SubscribersRun {
  /** From the answer that a message is accepted until a subscriber has it, in ms: each message, each subscriber. */
  readonly acceptedMs: readonly number[]
  /** The same from the call. */
  readonly calledMs: readonly number[]
  /** What the node takes for a subscriber, in KB of 1024 bytes: of the system, and of its heap. */
  readonly ownKb: number
  readonly heapKb: number
  /** What the node takes of a core. */
  readonly cpuPercent: number
}

/**
 * One node, and so many subscribers to a topic in this process, each with a connection of its own: messages are published
 * one by one at a steady rate, and each has to come to each subscriber, once and in its order. Before that the same
 * without subscribers, for what these take.
 * @throws Error one got a message twice, out of its order, or never
 */
export function measureSubscribers(
  transport: Transport,
  { subscribers, ...rate }: SubscribersOptions,
): Promise<SubscribersRun> {
  return withServedNode(Math.ceil(subscribers / MAX_OF_SESSION), async (served) => {
    const { pid } = served
    const watched = async (receipts: Receipts) => {
      await publishSteadily(served, { ...rate, seconds: WARM_UP_SECONDS }, receipts)
      const before = { cpuMs: await cpuTimeMs(pid), atMs: performance.now() }
      const memoryUntilNow = watchMemory(pid, served.metricsUrl)
      const published = await publishSteadily(served, rate, receipts)
      const memory = await memoryUntilNow()
      const cpuMs = (await cpuTimeMs(pid)) - before.cpuMs
      return { published, memory, cpuPercent: (cpuMs / (performance.now() - before.atMs)) * 100 }
    }
    const alone = await watched(new Receipts(0))
    const receipts = new Receipts(subscribers)
    const close = await subscribeAll(transport, served, receipts, subscribers)
    try {
      const { published, memory, cpuPercent } = await watched(receipts)
      const kbOf = (what: keyof NodeMemory) => ((memory[what] - alone.memory[what]) * 1024) / subscribers
      return {
        acceptedMs: published.flatMap(({ number, acceptedMs }) => receipts.delaysMs(number, acceptedMs)),
        calledMs: published.flatMap(({ number, calledMs }) => receipts.delaysMs(number, calledMs)),
        ownKb: kbOf('ownMb'),
        heapKb: kbOf('heapMb'),
        cpuPercent,
      }
    } finally {
      close()
    }
  })
}

/** From the newest message on, so that none is missed while the last of them connect. @returns closes them */
async function subscribeAll(
  transport: Transport,
  { url, tokens }: ServedNode,
  receipts: Receipts,
  count: number,
): Promise<() => void> {
  const { messages } = await apiOf(url, tokens[0]).service.messages.list.query({ topic: TOPIC, limit: 1 })
  const subscribers = Array.from({ length: count }, (_, index) =>
    subscribe(
      transport,
      {
        url,
        token: tokens[index % tokens.length] ?? '',
        topic: TOPIC,
        from: messages[0]?.cursor ?? 'start',
      },
      (entry) => receipts.take(index, entry),
      (cause) => receipts.fail(new Error(`subscriber ${index} gets no more: ${cause.message}`, { cause })),
    ),
  )
  return () => {
    for (const subscriber of subscribers) subscriber.close()
  }
}
