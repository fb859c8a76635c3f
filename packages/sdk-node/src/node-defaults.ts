import type { NodeOptions } from './index.ts'
import type { LogSyncOptions } from './sync/log-sync.ts'

/** How long a sender waits for a congested mesh before it leaves its peers to log sync. */
export const MAX_PACING_MS = 1_000

export const DEFAULT_CERTIFICATE_LIFETIME_MS = 24 * 60 * 60_000
/** A lost tail shows within five seconds; more often costs an idle mesh more than its messages. */
const DEFAULT_SYNC_INTERVAL_MS = 4_000
/** A weekend: what a node that comes new, or comes back, waits for. */
export const DEFAULT_HISTORY_MS = 3 * 24 * 60 * 60_000
/** Long enough for a node that restarts, or whose link is down for a moment, to bring what only it has. */
const DEFAULT_LOST_AFTER_MS = 60_000

/** What log sync is told of a node's options. */
export function syncOptions({ syncIntervalMs, lostAfterMs, historyMs }: NodeOptions): LogSyncOptions {
  return {
    intervalMs: syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS,
    lostAfterMs: lostAfterMs ?? DEFAULT_LOST_AFTER_MS,
    historyMs: historyMs ?? DEFAULT_HISTORY_MS,
  }
}
