import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Memory of a process, in MB of 2^20 bytes. */
export interface MemoryUse {
  /** Resident, parts of files that are mapped included. */
  readonly rssMb: number
  /** Of these, what is not of files. Where the system does not tell it: all. */
  readonly ownMb: number
  /** Objects that are in use, and their buffers. */
  readonly heapMb: number
}

const MB = 2 ** 20

/** What this process takes after its garbage was collected. */
export async function memoryUse(): Promise<MemoryUse> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Twice: what finalizers let go of in the first goes in the second.
  collect()
  collect()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rssMb: rss / MB, ownMb: await ownMb(), heapMb: (heapUsed + external) / MB }
}

/** What a process takes now and is not of files, in MB. Where the system does not tell it: all that this one takes. */
export async function ownMb(pid: number | 'self' = 'self'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]
  return kib === undefined ? process.memoryUsage.rss() / MB : Number(kib) / 1024
}
