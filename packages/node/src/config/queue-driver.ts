import { MeshError } from '@pastel-mesh/identity'

/** The servers that jobs can be on, for whoever chooses one. */
export const QUEUE_SERVERS = 'redis://, rediss:// or postgresql:// with the packages bullmq and ioredis or pg'

const SERVER = /^(rediss?|postgres(ql)?):\/\/./

/**
 * `level`, or the url of a server.
 * @throws MeshError ERR_QUEUE_DRIVER
 */
export function parseQueueDriver(text: string): string {
  if (text === 'level' || (SERVER.test(text) && URL.canParse(text))) return text
  throw new MeshError('ERR_QUEUE_DRIVER', `neither level nor the url of a server: ${QUEUE_SERVERS}`)
}
