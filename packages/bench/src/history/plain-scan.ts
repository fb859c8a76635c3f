import { dataFolder } from '@pastel-mesh/node'
import { createStore, type MessageStore, parseCursor } from '@pastel-mesh/storage'
import { seededSigner } from '@pastel-mesh/testkit'
import type { Described } from './described-message.ts'

export interface ScanOptions {
  readonly filter: Partial<Described>
  readonly cursors: readonly string[]
  readonly limit: number
}

/**
 * The baseline: pages of what a scan of everything gives and the filter lets through, directly from the store, so
 * without what the way to an application costs. @returns ms of each page
 */
export async function scanPlainly(dataDir: string, options: ScanOptions): Promise<number[]> {
  const store = createStore({ directory: dataFolder(dataDir).database })
  await store.start()
  try {
    const pagesMs: number[] = []
    for (const cursor of options.cursors) {
      const beganMs = performance.now()
      await scanPage(store, options, parseCursor(cursor).position)
      pagesMs.push(performance.now() - beganMs)
    }
    return pagesMs
  } finally {
    await store.stop()
  }
}

async function scanPage(store: MessageStore, { filter, limit }: ScanOptions, from: number): Promise<void> {
  const sender = filter.sender === undefined ? undefined : Buffer.from(seededSigner(filter.sender).publicKey)
  let found = 0
  for await (const entry of store.read({ from })) {
    if (entry.kind !== 'batch') continue
    const { batch } = entry.signed
    if (filter.topic !== undefined && batch.channel !== `topic/${filter.topic}`) continue
    if (sender !== undefined && !sender.equals(batch.sender)) continue
    for (const { type } of entry.messages()) {
      if (filter.type !== undefined && type !== filter.type) continue
      found += 1
      if (found === limit) return
    }
  }
}
