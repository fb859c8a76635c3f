import type { RequestEvent } from '@pastel-mesh/sdk-server'
import type { Logger } from 'pino'
import { refusedLog } from './log-refused.ts'

/** What is asked of a node that stops, is drained, or has no room is refused on purpose. */
const UNAVAILABLE = 503

/**
 * Logs requests to the API, a line each: what was answered at `debug`, what was refused at `info`, what the node failed at
 * at `warn`. Of what is refused, more than ten a second is at `debug` as well; the next line at `info` says how much.
 */
export function requestTeller(logger: Logger): (event: RequestEvent) => void {
  const refused = refusedLog(logger, 'info')
  return (event) => {
    const fields = { event: 'request', ...event }
    const line = describe(event)
    if (event.status < 400) logger.debug(fields, line)
    else if (event.status >= 500 && event.status !== UNAVAILABLE) logger.warn(fields, line)
    else refused(fields, line)
  }
}

/** `POST /trpc auth.verify 401 in 12 ms, from 192.0.2.1` */
function describe({ method, path, procedures, status, tookMs, subject, address }: RequestEvent): string {
  const what = [method, path, ...(procedures.length === 0 ? [] : [procedures.join(',')])].join(' ')
  return `${what} ${status} in ${tookMs} ms, ${subject === undefined ? '' : `${subject} `}from ${address}`
}
