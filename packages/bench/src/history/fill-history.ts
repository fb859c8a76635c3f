import { dataFolder } from '@pastel-mesh/node'
import { createStore, formatCursor, type MessageStore, type StoredBatch } from '@pastel-mesh/storage'
import { LogWriter } from '@pastel-mesh/testkit'
import { describeMessage } from './described-message.ts'
import { SeededRandom } from './seeded-random.ts'

export interface HistoryOptions {
  readonly messages: number
  readonly sizeBytes: number
  readonly network: string
  readonly seed: number
  /** Cursors to return. */
  readonly cursors: number
}

/** What the questions about a history are made of. */
export interface FilledHistory {
  /** At random places of the order. */
  readonly cursors: readonly string[]
  /** When the first and the last message were taken in, in ms since 1970. */
  readonly firstMs: number
  readonly lastMs: number
}

/** Batches on their way to the disk: so many share a commit. */
const IN_FLIGHT = 512

/**
 * Fills a data folder with messages, each a batch of its own: encoded, chained and stored as any are. Not signed, for
 * whoever reads the own store does not verify, and a million signatures take five minutes.
 */
export async function fillHistory(dataDir: string, options: HistoryOptions): Promise<FilledHistory> {
  const store = createStore({ directory: dataFolder(dataDir).database })
  await store.start()
  try {
    await write(store, options)
    if (store.end !== options.messages) throw new Error(`${store.end} of ${options.messages} messages stored`)
    const random = new SeededRandom(options.seed + 1)
    const cursors: string[] = []
    for (let i = 0; i < options.cursors; i += 1) {
      cursors.push(formatCursor(await store.cursorAt(random.below(store.end + 1))))
    }
    return { cursors, firstMs: await timeOf(store, false), lastMs: await timeOf(store, true) }
  } finally {
    await store.stop()
  }
}

async function write(
  store: MessageStore,
  { messages, sizeBytes, network, seed }: HistoryOptions,
): Promise<void> {
  const random = new SeededRandom(seed)
  const writers = new Map<string, LogWriter>()
  const body = Buffer.alloc(sizeBytes)
  let waiting: Promise<StoredBatch>[] = []
  for (let i = 0; i < messages; i += 1) {
    const { sender, topic, type } = describeMessage(random)
    const name = `${sender} ${topic}`
    let writer = writers.get(name)
    writer ??= new LogWriter({ identity: sender, channel: `topic/${topic}`, network, signed: false })
    writers.set(name, writer)
    for (let at = 0; at + 4 <= sizeBytes; at += 4) body.writeUInt32LE(random.below(2 ** 32), at)
    const placement = await store.place(await writer.write({ bodies: [body], types: [type] }))
    if (placement.status !== 'appended') throw new Error(`a batch of the history was "${placement.status}"`)
    waiting.push(placement.committed)
    if (waiting.length < IN_FLIGHT) continue
    await Promise.all(waiting)
    waiting = []
  }
  await Promise.all(waiting)
}

async function timeOf(store: MessageStore, reverse: boolean): Promise<number> {
  for await (const { receivedAtMs } of store.read({ reverse })) return receivedAtMs
  throw new Error('the history is empty')
}
