import { decodeLogId, type LogRange } from '@pastel-mesh/protocol'
import type { ArrivalReader } from './arrival-reader.ts'
import type { Database } from './database.ts'
import { logKey } from './keys.ts'
import { decodeLogState } from './log-state.ts'
import type { LostRanges } from './lost-ranges.ts'

/** Whether a range was here, and has been removed. */
export async function wasPruned(
  { log, first, last }: LogRange,
  { database, lost, reader }: { database: Database; lost: LostRanges; reader: ArrivalReader },
): Promise<boolean> {
  const names = { id: log, bytes: decodeLogId(log) }
  // From the disk, not from the table of logs, which is ahead of it: what is on its way was not removed.
  const value = await database.get(logKey(names.bytes))
  if (value === undefined) return false
  const { isFrozen, next } = decodeLogState(names.id, names.bytes, value)
  if (isFrozen || last >= next || (await lost.hasAny(names, first, last))) return false
  return (await reader.batchWithin(names.bytes, first, last)) === undefined
}
