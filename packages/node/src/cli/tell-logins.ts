import type { LoginEvent } from '@pastel-mesh/sdk-server'
import type { Logger } from 'pino'
import { refusedLog } from './log-refused.ts'

/** Logs what became of attempts to log in to the API; of those that are refused, no more than of refused requests. */
export function loginTeller(logger: Logger): (event: LoginEvent) => void {
  const refused = refusedLog(logger, 'warn')
  return (event) => {
    const fields = { event: 'login', ...event }
    if (event.what === 'loggedIn') logger.info(fields, 'somebody logged in to the API')
    else if (event.what === 'refused') refused(fields, 'a login to the API was refused')
    else logger.warn(fields, 'a refresh token of the API came twice: its session has ended')
  }
}
