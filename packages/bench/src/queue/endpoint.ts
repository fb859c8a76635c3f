import { createQueue, DEFAULT_RETENTION, levelDriver } from '@pastel-mesh/queue'
import { createPostgresBackend, Queue, Worker } from 'bullmq'
import { floorEndpoint } from './floor-endpoint.ts'
import type { Task } from './variants.ts'

/** Adds jobs, and processes them with a handler that does nothing, in one process. */
export interface Endpoint {
  /** Resolves when the job is kept. */
  add(data: object): Promise<unknown>
  stop(): Promise<void>
}

const NAME = 'job'

/** @param onDone what has been processed, and is known to be */
export async function createEndpoint(task: Task, onDone: () => void): Promise<Endpoint> {
  switch (task.kind) {
    case 'level':
      return levelEndpoint(task, onDone)
    case 'floor':
      return floorEndpoint(task, onDone)
    case 'postgresql':
      return postgresqlEndpoint(task, onDone)
    case 'redis_everysec':
    case 'redis_always':
      return redisEndpoint(task, onDone)
  }
}

async function levelEndpoint({ address, inFlight }: Task, onDone: () => void): Promise<Endpoint> {
  const queue = createQueue({ driver: levelDriver({ directory: address }), concurrency: inFlight })
  queue.registerHandler(NAME, () => {}, { concurrency: inFlight })
  queue.addEventListener('done', onDone)
  queue.addEventListener('failed', ({ detail }) => fail(detail.failure?.message))
  queue.addEventListener('error', ({ detail }) => fail(detail))
  await queue.start()
  return { add: (data) => queue.add(NAME, data), stop: () => queue.stop() }
}

/** Kept as long as ours. */
const { done, failed } = DEFAULT_RETENTION
const RETENTION = {
  removeOnComplete: { age: done.ageMs / 1000, count: done.count },
  removeOnFail: { age: failed.ageMs / 1000, count: failed.count },
}

async function redisEndpoint({ address, inFlight }: Task, onDone: () => void): Promise<Endpoint> {
  // A client for each, as their guide has it; a worker waits for its server as long as it takes.
  const queue = new Queue(NAME, { connection: { path: address }, defaultJobOptions: RETENTION })
  const worker = new Worker(NAME, async () => {}, {
    connection: { path: address, maxRetriesPerRequest: null },
    concurrency: inFlight,
  })
  return bullEndpoint(queue, worker, onDone)
}

async function postgresqlEndpoint({ address, inFlight }: Task, onDone: () => void): Promise<Endpoint> {
  const options = { connection: { connectionString: address, migrate: true } }
  const queue = new Queue(NAME, { ...options, defaultJobOptions: RETENTION }, createPostgresBackend)
  await queue.waitUntilReady()
  const worker = new Worker(
    NAME,
    async () => {},
    { ...options, concurrency: inFlight },
    createPostgresBackend,
  )
  return bullEndpoint(queue, worker, onDone)
}

/** What is used of both kinds. */
interface Parts {
  readonly queue: {
    add(name: string, data: object): Promise<unknown>
    close(): Promise<void>
    on(event: 'error', listener: (error: unknown) => void): unknown
    waitUntilReady(): Promise<unknown>
  }
  readonly worker: {
    close(): Promise<void>
    on(event: 'completed' | 'failed' | 'error', listener: (...args: unknown[]) => void): unknown
    waitUntilReady(): Promise<unknown>
  }
}

async function bullEndpoint(
  queue: Parts['queue'],
  worker: Parts['worker'],
  onDone: () => void,
): Promise<Endpoint> {
  queue.on('error', fail)
  worker.on('error', fail)
  worker.on('failed', (_, error) => fail(error))
  worker.on('completed', onDone)
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return {
    add: (data) => queue.add(NAME, data),
    async stop() {
      await worker.close()
      await queue.close()
    },
  }
}

/** A job that does nothing cannot fail: whatever does makes the figures worthless. */
function fail(error: unknown): void {
  throw new Error('a job of the benchmark failed', { cause: error })
}
