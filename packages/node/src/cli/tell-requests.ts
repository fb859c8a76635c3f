import { TokenBucket } from '@pastel-mesh/sdk-node'
import type { RequestEvent } from '@pastel-mesh/sdk-server'
import type { Logger } from 'pino'

/** Whoever reaches the API can be refused as often as it likes, and must not fill a disk with that. */
const REFUSED_RATE = { perSecond: 10, burst: 100 }
/** What is asked of a node that stops, is drained, or has no room is refused on purpose. */
const UNAVAILABLE = 503

/**
 * Logs requests to the API, a line each: what was answered at `debug`, what was refused at `info`, what the node failed at
 * at `warn`. Of what is refused, more than ten a second is at `debug` as well; the next line at `info` says how much.
 */
export function requestTeller(logger: Logger): (event: RequestEvent) => void {
  const refused = new TokenBucket(REFUSED_RATE)
  let skipped = 0
  return (event) => {
    const fields = { event: 'request', ...event }
    const line = describe(event)
    if (event.status < 400) logger.debug(fields, line)
    else if (event.status >= 500 && event.status !== UNAVAILABLE) logger.warn(fields, line)
    else if (refused.take(1)) {
      logger.info(skipped === 0 ? fields : { ...fields, skipped }, line)
      skipped = 0
    } else {
      skipped += 1
      logger.debug(fields, line)
    }
  }
}

/** `POST /trpc auth.verify 401 in 12 ms, from 192.0.2.1` */
function describe({ method, path, procedures, status, tookMs, subject, address }: RequestEvent): string {
  const what = [method, path, ...(procedures.length === 0 ? [] : [procedures.join(',')])].join(' ')
  return `${what} ${status} in ${tookMs} ms, ${subject === undefined ? '' : `${subject} `}from ${address}`
}
