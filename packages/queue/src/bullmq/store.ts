import type { BackendFactory, IQueueBackend } from 'bullmq'
import { QueueError } from '../errors.ts'
import type { Bull, BullQueue } from './bull-server.ts'
import type { BullmqDriverOptions } from './bullmq-driver.ts'

/** What a kind of server has to give. */
export interface Store {
  readonly factory: BackendFactory<IQueueBackend, string>
  /** Connects. @returns what an operator should know about the server */
  open(): Promise<string[]>
  /** Whoever waits for jobs of a queue looks again. */
  wake(queue: BullQueue): Promise<void>
  close(): Promise<void>
}

/** Connections for what does not wait: queries are short. */
const POOL_CONNECTIONS = 10
/** A worker's own, beside the one it listens on. */
const WORKER_POOL_CONNECTIONS = 2

export function isPostgresql(url: string): boolean {
  return /^postgres(ql)?:/.test(url)
}

/** @throws QueueError ERR_QUEUE_SERVER */
export async function redisStore(bull: Bull, { url, connection = {} }: BullmqDriverOptions): Promise<Store> {
  const { Redis } = await load('ioredis', () => import('ioredis'))
  // Commands wait for a server that is gone to come back: each job has its id already, so none is added twice.
  const redis = new Redis(url, { ...connection, maxRetriesPerRequest: null, lazyConnect: true })
  // Whoever uses it tells; but not why there was no connection.
  let failed: Error | undefined
  redis.on('error', (error) => {
    failed = error
  })
  // Bull waits on copies of its own, and one that is just looking for its server is never let go of by Bull.
  const copies: { disconnect(): void }[] = []
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (...args) => {
    const copy = duplicate(...args)
    copies.push(copy)
    return copy
  }
  return {
    factory: (name, options, kind) => bull.createRedisBackend(name, { ...options, connection: redis }, kind),
    async open() {
      await redis.connect().catch((error) => {
        throw failed ?? error
      })
      return judge(await redis.info())
    },
    async wake(queue) {
      // As Bull does for a job that is new.
      await redis.zadd(queue.toKey('marker'), 0, '0')
    },
    async close() {
      for (const client of [redis, ...copies]) client.disconnect()
    },
  }
}

/**
 * What Redis' own report says about how safe jobs are with it.
 * @throws QueueError ERR_QUEUE_SERVER if it may throw jobs away
 */
function judge(info: string): string[] {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const policy = field('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    throw new QueueError(
      'ERR_QUEUE_SERVER',
      `Redis throws keys away when its memory is full (maxmemory-policy ${policy}), and jobs with them: set noeviction`,
    )
  }
  return field('aof_enabled') === '0'
    ? ['Redis keeps no log on disk (appendonly no): jobs since its last snapshot are lost when it ends']
    : []
}

export function postgresqlStore(
  bull: Bull,
  { url, connection = {} }: BullmqDriverOptions,
  schema: string,
  onError: (error: unknown) => void,
): Store {
  const config = { ...connection, connectionString: url, schema }
  const shared = new bull.PostgresConnection({ ...config, max: POOL_CONNECTIONS, migrate: true })
  shared.on('error', onError)
  return {
    // Whoever waits for notifications needs a connection of its own; all others share some.
    factory: (name, options, kind = {}) =>
      kind.blocking === true || kind.withBlockingConnection === true
        ? bull.createPostgresBackend(
            name,
            { ...options, connection: { ...config, max: WORKER_POOL_CONNECTIONS } },
            kind,
          )
        : new bull.PostgresQueueBackend(shared, name, { ...options, connection: config }, false),
    async open() {
      await shared.waitUntilReady()
      return []
    },
    // What is put back is told to all that wait, by Bull.
    wake: async () => {},
    close: () => shared.close(),
  }
}

/** @throws QueueError ERR_QUEUE_SERVER */
export async function load<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new QueueError(
      'ERR_QUEUE_SERVER',
      `the package ${name} is needed for this driver: npm install ${name}`,
      {
        cause,
      },
    )
  }
}
