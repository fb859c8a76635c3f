import type { LoginEvent } from '@pastel-mesh/sdk-server'
import type { Logger } from 'pino'
import { refusedLog } from './log-refused.ts'

/** Logs what became of attempts to log in to the API; of those that are refused, no more than of refused requests. */
export function loginTeller(logger: Logger): (event: LoginEvent) => void {
  const refused = refusedLog(logger, 'warn')
  return (event) => {
    const fields = { event: 'login', ...event }
    const { what, subject = 'somebody unknown', address, code = 'ERR_LOGIN' } = event
    if (what === 'loggedIn') logger.info(fields, `${subject} logged in to the API, from ${address}`)
    else if (what === 'refused')
      refused(fields, `${subject} may not log in to the API: ${code}, from ${address}`)
    else
      logger.warn(fields, `a refresh token of ${subject} came twice, from ${address}: its session has ended`)
  }
}
