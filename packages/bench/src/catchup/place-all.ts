import { availableParallelism } from 'node:os'
import { verifySignature } from '@pastel-mesh/identity'
import { signedText } from '@pastel-mesh/protocol'
import { createStore, type StoredBatch } from '@pastel-mesh/storage'

/** Batches that are verified and stored at a time: as many as keep the threads and the disk busy. */
const AT_A_TIME = 1024

/**
 * Verifies and stores everything of one folder in another: what catching up costs without a network, rates and checks.
 * @returns how long that took
 */
export async function placeAll(from: string, to: string): Promise<number> {
  const source = createStore({ directory: from })
  const target = createStore({ directory: to })
  await source.start()
  await target.start()
  const began = performance.now()
  try {
    let chunk: StoredBatch[] = []
    const flush = async () => {
      const verdicts = await verifyAll(chunk)
      if (verdicts.includes(false)) throw new Error('a signature of the history is not valid')
      const committed: Promise<unknown>[] = []
      for (const { signed } of chunk) {
        const placement = await target.place(signed)
        if (placement.status !== 'appended') throw new Error(`a batch was "${placement.status}"`)
        committed.push(placement.committed)
      }
      await Promise.all(committed)
      chunk = []
    }
    for await (const entry of source.read()) {
      if (entry.kind !== 'batch') continue
      chunk.push(entry)
      if (chunk.length === AT_A_TIME) await flush()
    }
    await flush()
    return (performance.now() - began) / 1000
  } finally {
    await Promise.all([source.stop(), target.stop()])
  }
}

async function verifyAll(batches: readonly StoredBatch[]): Promise<boolean[]> {
  const verdicts: boolean[] = []
  let next = 0
  const work = async () => {
    for (let i = next++; i < batches.length; i = next++) {
      const { batch, hash, signature } = (batches[i] as StoredBatch).signed
      verdicts[i] = await verifySignature(batch.sender, signedText('batch', hash), signature)
    }
  }
  // As many as a node verifies at once.
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism() - 1) }, work))
  return verdicts
}
