import { setTimeout as delay } from 'node:timers/promises'
import { ownMb } from '../memory-use.ts'

/** In MB of 2^20 bytes. */
export interface NodeMemory {
  /** Resident, and not of files. */
  readonly ownMb: number
  /** Objects and their buffers, what is not collected yet included. */
  readonly heapMb: number
}

const HEAP = ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes']
const MB = 2 ** 20
const LOOK_EVERY_MS = 500

/**
 * Begins to look at what a node takes, as the system and its metrics say.
 * @returns ends that; gives the least of each, for in between there is always what is to be collected
 */
export function watchMemory(pid: number, metricsUrl: string): () => Promise<NodeMemory> {
  const looks: NodeMemory[] = []
  const ended = new AbortController()
  const watching = (async () => {
    do {
      looks.push({ ownMb: await ownMb(pid), heapMb: await heapMb(metricsUrl) })
      await delay(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => {})
    } while (!ended.signal.aborted)
  })()
  watching.catch(() => {})
  return async () => {
    ended.abort()
    await watching
    const least = (what: keyof NodeMemory) => Math.min(...looks.map((look) => look[what]))
    return { ownMb: least('ownMb'), heapMb: least('heapMb') }
  }
}

async function heapMb(metricsUrl: string): Promise<number> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text()
  const bytes = HEAP.map((name) => {
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`the metrics have no ${name}`)
    return Number(value)
  })
  return bytes.reduce((sum, value) => sum + value, 0) / MB
}
