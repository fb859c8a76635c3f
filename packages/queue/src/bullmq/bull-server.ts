import type {
  Job as BullJobOf,
  IQueueBackend,
  JobsOptions,
  QueueEvents,
  QueueEventsProducer,
  Queue as QueueOf,
  Worker as WorkerOf,
  WorkerOptions,
} from 'bullmq'
import { QueueError } from '../errors.ts'
import type { BullmqDriverOptions } from './bullmq-driver.ts'
import type { Envelope } from './envelope.ts'
import { inTime } from './in-time.ts'
import { newErrors } from './new-errors.ts'
import { isPostgresql, load, postgresqlStore, redisStore, type Store } from './store.ts'

/** The result as JSON. */
export type BullResult = string | null
export type BullJob<Data = Envelope> = BullJobOf<Data, BullResult>
export type BullQueue<Data = Envelope> = QueueOf<
  Data,
  BullResult,
  string,
  Data,
  BullResult,
  string,
  IQueueBackend,
  string
>
export type BullWorker = WorkerOf<Envelope, BullResult, string, IQueueBackend>
export type BullEvents = QueueEvents<BullResult, IQueueBackend, string>
type BullProducer = QueueEventsProducer<IQueueBackend, string>
export type Bull = typeof import('bullmq')

export type NewWorkerOptions = Omit<WorkerOptions<string>, 'connection' | 'prefix'>

/** How long a start waits for the server. */
const CONNECT_MS = 10_000

/**
 * Bull's classes, on a Redis or a PostgreSQL server (store.ts). Bull works out a queue's types by conditions on the type
 * of the data, which for one that is not known yet stay open: a cast closes them here, so that none is needed elsewhere.
 */
export class BullServer {
  readonly #bull: Bull
  readonly #store: Store
  readonly #options: { readonly connection: string; readonly prefix: string }
  readonly #classes
  readonly #onError: (error: unknown) => void

  /**
   * Loads Bull, which only whoever uses this driver has installed, and connects.
   * @throws QueueError ERR_QUEUE_SERVER
   */
  static async connect(options: BullmqDriverOptions, onError: (error: unknown) => void): Promise<BullServer> {
    const { url, namespace = 'pmesh' } = options
    const bull = await load('bullmq', () => import('bullmq'))
    const store = isPostgresql(url)
      ? postgresqlStore(bull, options, namespace, onError)
      : await redisStore(bull, options)
    const server = new BullServer(bull, store, { connection: url, prefix: namespace }, onError)
    try {
      for (const warning of await inTime(store.open(), CONNECT_MS))
        onError(new QueueError('ERR_QUEUE_SERVER', warning))
    } catch (cause) {
      await store.close().catch(() => {})
      if (cause instanceof QueueError) throw cause
      throw new QueueError(
        'ERR_QUEUE_SERVER',
        `the queue's server does not answer as it should: ${(cause as Error).message}`,
        { cause },
      )
    }
    return server
  }

  private constructor(
    bull: Bull,
    store: Store,
    options: { readonly connection: string; readonly prefix: string },
    onError: (error: unknown) => void,
  ) {
    this.#bull = bull
    this.#store = store
    this.#options = options
    const isNew = newErrors()
    this.#onError = (error) => {
      // Of several addresses that were tried the error has a code and no text.
      const { message: text, code } = error as Error & { code?: string }
      const message = (error instanceof Error ? text || code : undefined) ?? String(error)
      if (!isNew(error, message, performance.now())) return
      onError(new QueueError('ERR_QUEUE_SERVER', `the queue's server: ${message}`, { cause: error }))
    }
    this.#classes = bull.withBackend(store.factory)
  }

  queue<Data = Envelope>(name: string): BullQueue<Data> {
    const queue: BullQueue<Data> = new this.#classes.Queue<Data, BullResult>(name, this.#options) as never
    queue.on('error', this.#onError)
    return queue
  }

  worker(
    name: string,
    process: (job: BullJob, token: string) => Promise<BullResult>,
    options: NewWorkerOptions,
  ): BullWorker {
    const worker: BullWorker = new this.#classes.Worker<Envelope, BullResult>(
      name,
      (job, token) => process(job, token ?? ''),
      { ...options, ...this.#options },
    ) as never
    worker.on('error', this.#onError)
    return worker
  }

  events(name: string): BullEvents {
    const events = new this.#classes.QueueEvents<BullResult>(name, this.#options)
    events.on('error', this.#onError)
    return events
  }

  producer(name: string): BullProducer {
    const producer = new this.#classes.QueueEventsProducer(name, this.#options)
    producer.on('error', this.#onError)
    return producer
  }

  /** Adds jobs, also of several queues, in one transaction: all of them or none. */
  async addAll(jobs: readonly { queue: BullQueue; data: Envelope; options: JobsOptions }[]): Promise<void> {
    const [first] = jobs
    if (first === undefined) return
    await first.queue.waitUntilReady()
    const entries = jobs.map(({ queue, data, options }) =>
      new this.#bull.Job(queue, queue.name, data, options, options.jobId).toFlowEntry(),
    )
    // Not by Bull's FlowProducer: that keeps to itself what the server said.
    for (const [error, id] of await first.queue.getBackend().addFlow(entries)) {
      if (error !== null) throw error
      if (typeof id === 'number' && id < 0) throw new Error(`the server did not add the job: ${id}`)
    }
  }

  /** What a processor throws when it has put the job back, to run later. */
  putBack(): Error {
    return new this.#bull.DelayedError()
  }

  /** Has all nodes look for jobs of a queue: Bull itself tells nobody on Redis of one that was put back. */
  wake(queue: BullQueue): Promise<void> {
    return this.#store.wake(queue)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
