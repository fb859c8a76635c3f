import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface ProcessUse {
  /** Resident memory, in MB of 2^20 bytes. */
  readonly rssMb: number
  /** Of all threads since the start, in ms; `ps` gives whole seconds. */
  readonly cpuMs: number
}

/** What a process takes, as `ps` says. */
export async function processUse(pid: number): Promise<ProcessUse> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=,cputimes=', '-p', String(pid)])
  const [rssKb = Number.NaN, cpuSeconds = Number.NaN] = stdout.trim().split(/\s+/).map(Number)
  return { rssMb: rssKb / 1024, cpuMs: cpuSeconds * 1000 }
}
