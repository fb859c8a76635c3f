import type { LogId } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'

/** Whether anything of a log is stored. */
export async function isLogStored(store: MessageStore, log: LogId): Promise<boolean> {
  for await (const _ of store.readLog({ log, first: 0, last: Number.MAX_SAFE_INTEGER - 1 })) return true
  return false
}
