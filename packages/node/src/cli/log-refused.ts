import { TokenBucket } from '@pastel-mesh/sdk-node'
import type { Logger } from 'pino'

/** Whoever reaches the API can be refused as often as it likes, and must not fill a disk with that. */
const REFUSED_RATE = { perSecond: 10, burst: 100 }

/**
 * Logs what is refused, at a level; more than ten a second is at `debug`, and the next line at that level says how much
 * (`skipped`).
 */
export function refusedLog(logger: Logger, level: 'info' | 'warn'): (fields: object, line: string) => void {
  const refused = new TokenBucket(REFUSED_RATE)
  let skipped = 0
  return (fields, line) => {
    if (refused.take(1)) {
      logger[level](skipped === 0 ? fields : { ...fields, skipped }, line)
      skipped = 0
    } else {
      skipped += 1
      logger.debug(fields, line)
    }
  }
}
