import { MeshError } from '@pastel-mesh/identity'

/** The servers that jobs can be on, for whoever chooses one. */
export const QUEUE_SERVERS = 'redis://, rediss:// or postgresql:// with the packages bullmq and ioredis or pg'

const SERVER = /^(rediss?|postgres(ql)?):\/\/./
/** What in the query of a url may be a secret. */
const SECRET = /pass|secret|token/i
const HIDDEN = '***'

/**
 * `level`, or the url of a server.
 * @throws MeshError ERR_QUEUE_DRIVER
 */
export function parseQueueDriver(text: string): string {
  if (text === 'level' || (SERVER.test(text) && URL.canParse(text))) return text
  throw new MeshError('ERR_QUEUE_DRIVER', `neither level nor the url of a server: ${QUEUE_SERVERS}`)
}

/** A driver as it may be shown: without the password of its server. */
export function withoutPassword(driver: string): string {
  if (!URL.canParse(driver)) return driver
  const url = new URL(driver)
  if (url.password !== '') url.password = HIDDEN
  for (const name of [...url.searchParams.keys()]) {
    if (SECRET.test(name)) url.searchParams.set(name, HIDDEN)
  }
  return url.href
}
