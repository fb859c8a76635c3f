import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Clock,
  createQueue,
  type Job,
  levelDriver,
  MemoryDatabase,
  memoryDriver,
  type Queue,
  type QueueDriver,
  UnrecoverableError,
} from '../src/index.ts'
import { allJobs, KEEP_ALL, STATUSES } from './fixtures/audit.ts'
import {
  CONCURRENCY,
  LIMITS,
  MAX_STALLS,
  type ModelJob,
  orderOf,
  QueueModel,
} from './fixtures/queue-model.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { TestClock } from './fixtures/test-clock.ts'
import { MODEL_RUNS } from './fixtures/test-runs.ts'

const OPTIONS = { retention: KEEP_ALL, maxStalls: MAX_STALLS }
const SCHEDULE = 'often'
/** What is left for later, because something else is changing it, is looked at again after so long. */
const LOOK_AGAIN_MS = 100
const LONG_MS = 10_000

const name = fc.constantFrom('a', 'a', 'b', 'nobody')
const pick = fc.nat(1_000)
const job = fc.record({
  name,
  priority: fc.constantFrom(-1, 0, 0, 1),
  delayMs: fc.constantFrom(0, 0, 0, 300, 1_000),
  lifeMs: fc.constantFrom(undefined, undefined, undefined, 500, 5_000),
  dedupKey: fc.constantFrom(undefined, undefined, 'one', 'two'),
  attempts: fc.integer({ min: 1, max: 3 }),
  backoffMs: fc.constantFrom(0, 200),
})
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('add'), jobs: fc.array(job, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('finish', 'throw', 'give up'), pick }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'retry', 'remove'), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume'), name: fc.constantFrom('', 'a', 'b') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 200, 1_000, 10_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('crash', 'crash', 'restart', 'schedule', 'unschedule') }),
  },
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** Where jobs are. */
interface Storage {
  open(clock: Clock): QueueDriver
  /** From here on it is what is left if the process dies now: a copy, and who has it open has the original. */
  die(): Promise<void>
}

function inMemory(): Storage {
  let database = new MemoryDatabase()
  return {
    open: (clock) => memoryDriver(OPTIONS, { clock, database }),
    async die() {
      const copy = new MemoryDatabase()
      const all = database.iterate({ gte: Buffer.alloc(0) })
      for await (const [key, value] of all) await copy.write([{ type: 'put', key, value }])
      database = copy
    },
  }
}

async function onDisk(): Promise<Storage> {
  let directory = join(await temporaryFolder(), '0')
  return {
    open: (clock) => levelDriver({ ...OPTIONS, directory }, { clock }),
    async die() {
      const copy = join(dirname(directory), String(Math.random()))
      await cp(directory, copy, { recursive: true })
      directory = copy
    },
  }
}

/** A queue, and the model beside it. */
class Pair {
  readonly model = new QueueModel()
  readonly #storage: Storage
  #life: Life

  constructor(storage: Storage) {
    this.#storage = storage
    this.#life = new Life(storage, new TestClock())
  }

  async start(): Promise<void> {
    await this.#life.queue.start()
  }

  async end(): Promise<void> {
    await this.#life.end()
  }

  async run(command: Command): Promise<void> {
    const { model } = this
    const { queue, clock } = this.#life
    switch (command.kind) {
      case 'add':
        await this.#add(command.jobs)
        break
      case 'finish':
      case 'throw':
      case 'give up': {
        const job = picked(model.of('running'), command.pick)
        if (job === undefined) return
        this.#life.endRun(job, command.kind)
        if (command.kind === 'finish') job.status = 'done'
        else model.failed(job, clock.now(), command.kind === 'give up')
        break
      }
      case 'cancel':
      case 'retry':
      case 'remove': {
        const job = picked([...model.jobs.values()], command.pick)
        if (job === undefined) return
        await this.#change(command.kind, job)
        break
      }
      case 'pause':
      case 'resume': {
        const name = command.name === '' ? undefined : command.name
        await (command.kind === 'pause' ? queue.pause(name) : queue.resume(name))
        if (command.kind === 'pause') model.paused.add(command.name)
        else model.paused.delete(command.name)
        break
      }
      case 'wait':
        await this.#wait(command.ms)
        return
      case 'crash': {
        model.crashed(clock.now())
        await this.#storage.die()
        await this.#nextLife()
        break
      }
      case 'restart':
        model.stopped(clock.now())
        await this.#nextLife()
        break
      case 'schedule': {
        const everyMs = 1_000
        await queue.upsertSchedule(SCHEDULE, { timing: { everyMs }, name: 'a', data: 1 })
        const nextAtMs = (Math.floor(clock.now() / everyMs) + 1) * everyMs
        model.schedule ??= { everyMs, nextAtMs, ticks: 0 }
        break
      }
      case 'unschedule':
        expect(await queue.removeSchedule(SCHEDULE)).toBe(model.schedule !== undefined)
        model.schedule = undefined
    }
    model.dispatch()
    await this.#settle()
  }

  async #add(jobs: Extract<Command, { kind: 'add' }>['jobs']): Promise<void> {
    const { model } = this
    const { queue, clock } = this.#life
    const nowMs = clock.now()
    const added = await queue.addMany(
      jobs.map(({ name, priority, delayMs, lifeMs, dedupKey, attempts, backoffMs }) => ({
        name,
        data: { priority },
        options: {
          priority,
          delayMs,
          retry: { attempts, backoff: { type: 'fixed', delayMs: backoffMs } },
          ...(lifeMs === undefined ? {} : { expiresAt: nowMs + delayMs + lifeMs }),
          ...(dedupKey === undefined ? {} : { dedupKey }),
        },
      })),
    )
    for (const [index, { name, delayMs, lifeMs, dedupKey, attempts, backoffMs }] of jobs.entries()) {
      const { id = '', isDuplicate } = added[index] ?? {}
      const there = model.byKey(name, dedupKey)
      expect(isDuplicate).toBe(there !== undefined)
      if (there !== undefined) expect(id).toBe(there.id)
      else {
        const expiresAtMs = lifeMs === undefined ? Number.POSITIVE_INFINITY : nowMs + delayMs + lifeMs
        model.jobs.set(id, {
          id,
          name,
          attempts,
          backoffMs,
          dedupKey,
          expiresAtMs,
          status: delayMs > 0 ? 'delayed' : 'waiting',
          runAtMs: delayMs > 0 ? nowMs + delayMs : 0,
          failures: 0,
          stalls: 0,
        })
      }
    }
  }

  async #change(kind: 'cancel' | 'retry' | 'remove', job: ModelJob): Promise<void> {
    const { queue } = this.#life
    const { id, status } = job
    const hasEnded = status !== 'waiting' && status !== 'delayed' && status !== 'running'
    if (kind === 'cancel') {
      expect(await queue.cancel(id)).toBe(!hasEnded)
      if (!hasEnded) job.status = 'cancelled'
    } else if (kind === 'retry') {
      const isRetried = hasEnded && status !== 'done'
      expect(await queue.retry(id)).toBe(isRetried)
      if (isRetried) this.model.retried(job)
    } else if (status === 'running') {
      await expect(queue.remove(id)).rejects.toMatchObject({ code: 'ERR_JOB_RUNNING' })
    } else {
      await queue.remove(id)
      this.model.jobs.delete(id)
    }
  }

  /** Time passes: then what could not be seen to at once has its second chance, and its third. */
  async #wait(ms: number): Promise<void> {
    const { clock, queue } = this.#life
    for (const step of [ms, LOOK_AGAIN_MS, LOOK_AGAIN_MS]) {
      const isTick = this.model.passed(clock.now() + step)
      clock.pass(step)
      if (isTick) await this.#tick(queue)
      await this.#settle(step === ms)
    }
  }

  async #tick(queue: Queue): Promise<void> {
    const { ticks } = this.model.schedule ?? { ticks: 0 }
    const known = this.model.jobs
    await until(async () => {
      if ((await queue.schedules())[0]?.ticks !== ticks) return 'the schedule has not ticked'
      const made = (await listAll(queue)).filter(({ id }) => !known.has(id))
      if (made.length !== 1 || made[0]?.schedule !== SCHEDULE) return `${made.length} jobs of a tick`
      const { id, name } = made[0]
      const options = { attempts: 5, backoffMs: 1_000, dedupKey: undefined, runAtMs: 0 }
      const expiresAtMs = Number.POSITIVE_INFINITY
      known.set(id, { id, name, ...options, expiresAtMs, status: 'waiting', failures: 0, stalls: 0 })
      return undefined
    })
  }

  /** Waits until the queue is as the model is; then its lists and counts say the same. */
  async #settle(isEarly = false): Promise<void> {
    const { queue, clock } = this.#life
    await until(async () => this.model.differs(await listAll(queue), this.#life.started, isEarly))
    if (isEarly) return
    for (const one of await allJobs(queue)) {
      if (one.status === 'delayed') expect(one.runAtMs ?? 0).toBeGreaterThan(clock.now())
    }
    const { jobs } = await queue.list({ status: 'waiting', name: 'a' })
    const order = jobs.map(({ id }) => orderOf(id))
    expect(order).toEqual([...order].sort())
    expect(jobs.map(({ priority }) => -priority)).toEqual(
      jobs.map((one) => -one.priority).sort((a, b) => a - b),
    )
  }

  async #nextLife(): Promise<void> {
    const before = this.#life
    await before.end()
    before.clock.forget()
    this.#life = new Life(this.#storage, before.clock)
    await this.start()
  }
}

/** One process's, so to say. */
class Life {
  readonly queue: Queue
  readonly clock: TestClock
  readonly #runs = new Map<string, { resolve(): void; reject(error: Error): void }>()

  constructor(storage: Storage, clock: TestClock) {
    this.clock = clock
    this.queue = createQueue({ driver: storage.open(clock), concurrency: CONCURRENCY }, { clock })
    for (const [name, concurrency] of Object.entries(LIMITS)) {
      this.queue.registerHandler(
        name,
        async ({ id, signal }) => {
          expect(this.started).not.toContain(id)
          const { promise, resolve, reject } = Promise.withResolvers<void>()
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          this.#runs.set(id, { resolve, reject })
          expect(this.#runs.size).toBeLessThanOrEqual(CONCURRENCY)
          try {
            await promise
          } finally {
            this.#runs.delete(id)
          }
        },
        // As the model has it; without chance.
        { concurrency, retry: { attempts: 5, backoff: { type: 'fixed', delayMs: 1_000 } } },
      )
    }
  }

  get started(): ReadonlySet<string> {
    return new Set(this.#runs.keys())
  }

  endRun({ id }: ModelJob, how: 'finish' | 'throw' | 'give up'): void {
    const run = this.#runs.get(id)
    if (how === 'finish') run?.resolve()
    else run?.reject(how === 'throw' ? new Error('no') : new UnrecoverableError('never'))
  }

  async end(): Promise<void> {
    await this.queue.stop({ timeoutMs: 0 })
  }
}

function picked<T>(from: readonly T[], index: number): T | undefined {
  return from[index % from.length]
}

async function listAll(queue: Queue): Promise<Job[]> {
  const pages = await Promise.all(STATUSES.map((status) => queue.list({ status, limit: 1_000 })))
  return pages.flatMap(({ jobs }) => jobs)
}

/** Waits until there is no difference any more. */
async function until(difference: () => Promise<string | undefined>): Promise<void> {
  const endMs = performance.now() + LONG_MS
  for (;;) {
    const found = await difference()
    if (found === undefined) return
    if (performance.now() > endMs) throw new Error(`it does not come to an end: ${found}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a queue does what its model does', () => {
  test.each([
    ['in memory', MODEL_RUNS.memory, inMemory],
    ['on disk', MODEL_RUNS.level, onDisk],
  ] as const)(
    '%s, whatever is asked of it, across restarts and crashes',
    async (_, numRuns, storage) => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
          const pair = new Pair(await storage())
          await pair.start()
          try {
            for (const one of commands) await pair.run(one)
          } finally {
            await pair.end()
          }
        }),
        { numRuns },
      )
    },
    600_000,
  )
})
