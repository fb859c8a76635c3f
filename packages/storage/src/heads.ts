import { encodeLogId, type Head, type LogId } from '@pastel-mesh/protocol'
import type { Database } from './database.ts'
import { decodeIndex } from './index-record.ts'
import { mergeScans, pickIndex, type ScanEntry, scanChunks } from './index-scan.ts'
import { logKey } from './keys.ts'
import { decodeLogState } from './log-state.ts'

/** The answer to a question for heads. */
export interface HeadsPage {
  /** The ends of the logs, as they are on disk, in the order of the first entries that brought them in. */
  readonly heads: Head[]
  /** Everything of the channels below it is covered by the answer. Where more is left, the next page begins. */
  readonly next: number
  /** Whether `next` is not yet the end of the order. */
  readonly more: boolean
}

export interface HeadsQuery {
  readonly from: number
  /** The end of the order. */
  readonly to: number
  readonly channels: readonly string[]
  /** Heads in one page. */
  readonly limit: number
  /** Logs whose last message was created earlier are left out, in ms since 1970. @default 0 */
  readonly sinceMs?: number
}

/** Index entries looked at for one page: bounds the work that one question causes. */
const MAX_SCANNED = 8192

/** Looks for the logs of some channels that have entries in a range. Every page gets further, by one entry at least. */
export async function readHeads(database: Database, query: HeadsQuery): Promise<HeadsPage> {
  const { from, to } = query
  const limit = Math.max(1, query.limit)
  const scans = [...new Set(query.channels)].map((channel) =>
    scanChunks(database, pickIndex(channel, undefined), { from, to }),
  )
  const touched = new Map<LogId, Uint8Array>()
  let scanned = 0
  let next = to
  const take = ({ position, value }: ScanEntry): boolean => {
    const { log } = decodeIndex(value)
    const id = encodeLogId(log)
    if (scanned === MAX_SCANNED || (touched.size === limit && !touched.has(id))) {
      next = position
      return false
    }
    scanned += 1
    touched.set(id, log)
    return true
  }
  for await (const chunk of mergeScans(scans)) if (!chunk.every(take)) break
  return { heads: await loadHeads(database, touched, query.sinceMs ?? 0), next, more: next < to }
}

async function loadHeads(
  database: Database,
  logs: ReadonlyMap<LogId, Uint8Array>,
  sinceMs: number,
): Promise<Head[]> {
  // From the disk, not from the table of logs, which is ahead of it: what is announced must be there.
  const values = await database.getMany([...logs.values()].map(logKey))
  const heads: Head[] = []
  for (const [i, [id, bytes]] of [...logs].entries()) {
    const value = values[i]
    // Forgotten since its last entry was pruned.
    if (value === undefined) continue
    const { sender, channel, run, stored, headHash, headCreatedAtMs } = decodeLogState(id, bytes, value)
    // Of some logs nothing but an entry is here, which says that they are lost.
    if (stored > 0 && headCreatedAtMs >= sinceMs)
      heads.push({ sender, channel, run, position: stored - 1, hash: headHash })
  }
  return heads
}
