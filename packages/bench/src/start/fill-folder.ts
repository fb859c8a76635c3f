import { randomBytes, randomInt } from 'node:crypto'
import { dataFolder } from '@pastel-mesh/node'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { LogWriter } from '@pastel-mesh/testkit'

export interface History {
  readonly messages: number
  /** Messages of one batch: any number up to this, all as likely. */
  readonly maxBatch: number
  readonly sizeBytes: number
  readonly topic: string
  readonly network: string
}

/** Members who wrote the history. */
const SENDERS = 8
/** A run is what a sender writes between two starts of its node: so many batches, then another begins. */
const BATCHES_A_RUN = 500

/** Fills a data folder with a history: batches that are signed, chained and stored as those of real senders are. */
export async function fillFolder(dataDir: string, history: History): Promise<void> {
  const store = createStore({ directory: dataFolder(dataDir).database })
  await store.start()
  try {
    const share = Math.floor(history.messages / SENDERS)
    const shares = Array.from({ length: SENDERS }, (_, i) => share + (i < history.messages % SENDERS ? 1 : 0))
    await Promise.all(
      shares.map((messages, i) => writeHistory(store, `sender-${i}`, { ...history, messages })),
    )
    if (store.end !== history.messages) throw new Error(`${store.end} of ${history.messages} messages stored`)
  } finally {
    await store.stop()
  }
}

async function writeHistory(
  store: MessageStore,
  identity: string,
  { messages, maxBatch, sizeBytes, topic, network }: History,
): Promise<void> {
  const writer = new LogWriter({ identity, channel: `topic/${topic}`, network })
  let left = messages
  for (let batches = 1; left > 0; batches += 1) {
    const count = Math.min(left, randomInt(1, maxBatch + 1))
    const bodies = Array.from({ length: count }, () => randomBytes(sizeBytes))
    const placement = await store.place(await writer.write({ bodies }))
    if (placement.status !== 'appended') throw new Error(`a batch of the history was "${placement.status}"`)
    await placement.committed
    left -= count
    if (batches % BATCHES_A_RUN === 0) writer.newRun()
  }
}
