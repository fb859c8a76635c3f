import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError } from '@pastel-mesh/identity'
import type { Check, Finding } from './check.ts'

/** Enough for the 99th percentile to be one of them, and less than a megabyte. */
const MAX_SYNCS = 200
/** However slow the disk is. */
const MAX_MS = 1_000
/** As many bytes as a message of usual size takes with its signature and its place in the indexes. */
const WRITE_BYTES = 4_096

/**
 * A single message is to be shown elsewhere after 10 ms in the median, 40 ms at the 99th percentile, and two commits are on
 * its way, the sender's and the receiver's: what a sync may take at most, with nothing else to be done.
 */
const SLOW_P50_MS = 5
const SLOW_P99_MS = 20
/** No kind of disk is that slow, ten times as slow as a turning one: it fails, or its provider holds it back. */
const FAILING_P50_MS = 100

/** How long it takes until something is on the disk: what every message that is accepted waits for. */
export const fsyncCheck: Check = {
  name: 'fsync',
  timeoutMs: 5_000,
  turn: 'first',
  async run({ dataDir }, signal) {
    try {
      return [judge(await measure(dataDir, signal))]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return [{ state: 'not-checked', message: 'there is no data folder' }]
      return [
        {
          state: 'failed',
          message: `nothing can be written to ${dataDir}: ${explainFileError(error)}`,
          advice: 'see to the data folder and its disk first; then run this again',
        },
      ]
    }
  },
}

export interface SyncTimes {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly syncs: number
}

async function measure(folder: string, signal: AbortSignal): Promise<SyncTimes> {
  const path = join(folder, `.doctor-${process.pid}`)
  const file = await open(path, 'wx', 0o600)
  try {
    // It has no name any more: whatever becomes of this process, nothing of it is left.
    await unlink(path)
    return await timesOf(file, signal)
  } finally {
    await file.close()
  }
}

/** As LevelDB does it: appended, then fdatasync. */
async function timesOf(file: FileHandle, signal: AbortSignal): Promise<SyncTimes> {
  const bytes = Buffer.alloc(WRITE_BYTES, 'doctor')
  const times: number[] = []
  const endMs = performance.now() + MAX_MS
  while (times.length < MAX_SYNCS && performance.now() < endMs && !signal.aborted) {
    await file.write(bytes)
    const beganMs = performance.now()
    await file.datasync()
    times.push(performance.now() - beganMs)
  }
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), syncs: sorted.length }
}

export function judge({ p50Ms, p99Ms, maxMs, syncs }: SyncTimes): Finding {
  const message = `p50 ${shown(p50Ms)}, p99 ${shown(p99Ms)}, longest ${shown(maxMs)}, of ${syncs} syncs of 4 KiB`
  const measured = { p50Ms, p99Ms, maxMs, syncs }
  if (p50Ms >= FAILING_P50_MS) {
    return {
      state: 'failed',
      message: `${message}: no disk that is well is that slow`,
      advice:
        'see "dmesg" and "smartctl -a" for a disk that fails, and its provider for a limit that is used up; then move the data folder',
      measured,
    }
  }
  if (p50Ms > SLOW_P50_MS || p99Ms > SLOW_P99_MS) {
    const limit = p50Ms > SLOW_P50_MS ? `p50 above ${SLOW_P50_MS} ms` : `p99 above ${SLOW_P99_MS} ms`
    return {
      state: 'warning',
      message: `${message}: ${limit}: single messages are slow`,
      advice:
        'put the data folder on an SSD of this machine, or see with "iostat -x 1" who else keeps the disk busy',
      measured,
    }
  }
  return { state: 'ok', message, measured }
}

function shown(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`
}
