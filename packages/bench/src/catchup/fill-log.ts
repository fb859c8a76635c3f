import { randomBytes } from 'node:crypto'
import { createStore } from '@pastel-mesh/storage'
import { LogWriter } from '@pastel-mesh/testkit'

export const NETWORK = 'bench'
export const TOPIC = 'bench'

/** Members who wrote it: their batches come in turn. */
const SENDERS = 8

/** Fills a folder with signed batches of one size, as their senders' nodes wrote them within the last minutes. */
export async function fillLog(
  directory: string,
  { messages, batch, size }: { messages: number; batch: number; size: number },
): Promise<void> {
  const store = createStore({ directory })
  await store.start()
  try {
    const writers = Array.from(
      { length: SENDERS },
      (_, i) =>
        new LogWriter({
          identity: `sender-${i}`,
          channel: `topic/${TOPIC}`,
          network: NETWORK,
          startedAtMs: Date.now() - 10 * 60_000,
        }),
    )
    for (let left = messages; left > 0; ) {
      const placing = writers.map(async (writer) => {
        const count = Math.min(left, batch)
        left -= count
        if (count === 0) return
        const bodies = Array.from({ length: count }, () => randomBytes(size))
        const placement = await store.place(await writer.write({ bodies }))
        if (placement.status !== 'appended') throw new Error(`a batch was "${placement.status}"`)
        await placement.committed
      })
      await Promise.all(placing)
    }
  } finally {
    await store.stop()
  }
}
