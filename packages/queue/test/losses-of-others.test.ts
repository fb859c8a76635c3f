import { describe, expect, onTestFinished, test } from 'vitest'
import { gate, until } from '../src/conformance/conformance-case.ts'
import { createQueue, MemoryDatabase, memoryDriver, type Queue } from '../src/index.ts'
import { KEEP_ALL } from './fixtures/audit.ts'
import { TestClock } from './fixtures/test-clock.ts'

const DAY_MS = 86_400_000

/** Opens queues on one database, each as the next life of a process. */
class Lives {
  readonly clock = new TestClock()
  readonly database = new MemoryDatabase()
  readonly #options: Parameters<typeof memoryDriver>[0]

  constructor(options: Parameters<typeof memoryDriver>[0] = {}) {
    this.#options = { retention: KEEP_ALL, ...options }
  }

  next(): Queue {
    // The one before is gone without having been stopped.
    this.clock.forget()
    const { clock, database } = this
    const queue = createQueue({ driver: memoryDriver(this.#options, { clock, database }) }, { clock })
    onTestFinished(() => this.#stop(queue))
    return queue
  }

  /** What does not end by itself is left to itself, when time has passed. */
  async #stop(queue: Queue): Promise<void> {
    let isStopped = false
    queue.stop({ timeoutMs: 0 }).finally(() => {
      isStopped = true
    })
    await passUntil(this.clock, 10_000, () => isStopped)
  }
}

/** Lets time pass in steps until something holds. */
async function passUntil(clock: TestClock, stepMs: number, holds: () => boolean | Promise<boolean>) {
  await until('time has passed', async () => {
    if (await holds()) return true
    clock.pass(stepMs)
    return false
  })
}

describe('what queues of this kind were seen to lose', () => {
  test('50 concurrent adds are all there after a crash', async () => {
    const lives = new Lives()
    const first = lives.next()
    await first.start()
    const added = await Promise.all(Array.from({ length: 50 }, (_, i) => first.add('work', i)))
    const second = lives.next()
    await second.start()
    const { jobs } = await second.list({ status: 'waiting' })
    expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set(added.map(({ id }) => id)))
    expect(jobs.map(({ data }) => data).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })

  test('a job that runs at a crash runs again at once', async () => {
    const lives = new Lives()
    const first = lives.next()
    let isRunning = false
    first.registerHandler('work', () => {
      isRunning = true
      return new Promise(() => {})
    })
    await first.start()
    const { id } = await first.add('work', 1)
    await until('it runs', () => isRunning)
    const second = lives.next()
    const attempts: number[] = []
    second.registerHandler('work', ({ attempt }) => {
      attempts.push(attempt)
    })
    await second.start()
    await second.waitFor(id)
    expect(attempts).toEqual([2])
    expect(await second.get(id)).toMatchObject({ status: 'done', stalls: 1, failures: 0 })
  })

  test('a cancelled job stays cancelled over a crash, waiting, delayed or running', async () => {
    const lives = new Lives()
    const first = lives.next()
    let isRunning = false
    first.registerHandler('work', ({ signal }) => {
      isRunning = true
      return new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    await first.start()
    const running = await first.add('work', 1)
    await until('it runs', () => isRunning)
    const waiting = await first.add('other', 2)
    const delayed = await first.add('work', 3, { delayMs: 1_000 })
    const ids = [running.id, waiting.id, delayed.id]
    for (const id of ids) expect(await first.cancel(id)).toBe(true)
    const second = lives.next()
    const ran: string[] = []
    for (const name of ['work', 'other']) second.registerHandler(name, ({ id }) => void ran.push(id))
    await second.start()
    lives.clock.pass(10_000)
    const { id } = await second.add('work', 4, { priority: -100 })
    await second.waitFor(id)
    expect(ran).toEqual([id])
    for (const one of ids) expect((await second.get(one))?.status).toBe('cancelled')
  })

  test('scheduled jobs respect the limit, and do not run early after a restart', async () => {
    const lives = new Lives()
    const first = lives.next()
    await first.start()
    const dueMs = lives.clock.now() + DAY_MS
    await first.addMany(
      Array.from({ length: 20 }, () => ({ name: 'work', data: {}, options: { runAt: dueMs } })),
    )
    const second = lives.next()
    let running = 0
    let most = 0
    const startedMs: number[] = []
    second.registerHandler(
      'work',
      async () => {
        startedMs.push(lives.clock.now())
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      },
      { concurrency: 3 },
    )
    await second.start()
    lives.clock.pass(DAY_MS - 1)
    // What comes behind has been done: those before it had their chance.
    await second.waitFor((await second.add('work', {})).id)
    expect(startedMs).toHaveLength(1)
    await passUntil(lives.clock, 1, () => startedMs.length === 21)
    expect(Math.min(...startedMs.slice(1))).toBeGreaterThanOrEqual(dueMs)
    expect(most).toBe(3)
  })

  test('a delay beyond 24.8 days is waited for, not cut short', async () => {
    const lives = new Lives()
    const queue = lives.next()
    const startedMs: number[] = []
    queue.registerHandler('work', () => void startedMs.push(lives.clock.now()))
    await queue.start()
    const delayMs = 100 * DAY_MS
    const dueMs = lives.clock.now() + delayMs
    const { id } = await queue.add('work', {}, { delayMs })
    for (let day = 0; day < 99; day += 1) {
      lives.clock.pass(DAY_MS)
      await queue.waitFor((await queue.add('work', {})).id)
    }
    expect(await queue.get(id)).toMatchObject({ status: 'delayed', runAtMs: dueMs })
    await passUntil(lives.clock, DAY_MS / 2, async () => (await queue.get(id))?.status === 'done')
    expect(startedMs.at(-1)).toBeGreaterThanOrEqual(dueMs)
  })

  test('a job that fails as often as it may is failed, and not pending for ever', async () => {
    const lives = new Lives()
    const queue = lives.next()
    let attempts = 0
    queue.registerHandler('work', () => {
      attempts += 1
      throw new Error(`no ${attempts}`)
    })
    await queue.start()
    const retry = { attempts: 3, backoff: { type: 'fixed', delayMs: 1_000 } } as const
    const { id } = await queue.add('work', {}, { retry })
    await passUntil(lives.clock, 500, async () => (await queue.get(id))?.status === 'failed')
    expect(attempts).toBe(3)
    expect(await queue.get(id)).toMatchObject({ failures: 3, failure: { message: 'no 3' } })
  })

  test('a stop drains: what runs ends, and nothing begins', async () => {
    const lives = new Lives()
    const queue = lives.next()
    const { opened, open } = gate()
    let begun = 0
    queue.registerHandler(
      'work',
      async () => {
        begun += 1
        await opened
        return 'ended'
      },
      { concurrency: 2 },
    )
    await queue.start()
    const added = await queue.addMany(Array.from({ length: 4 }, () => ({ name: 'work', data: {} })))
    await until('two run', () => begun === 2)
    const stopping = queue.stop()
    open()
    await stopping
    expect(begun).toBe(2)
    const next = lives.next()
    await next.start()
    const statuses = await Promise.all(added.map(async ({ id }) => (await next.get(id))?.status))
    expect(statuses).toEqual(['done', 'done', 'waiting', 'waiting'])
  })

  test('a job that waits again is not taken for one that ran at a crash beside which it had begun', async () => {
    const lives = new Lives()
    const first = lives.next()
    first.registerHandler('throws', () => {
      throw new Error('not now')
    })
    let isRunning = false
    first.registerHandler('long', () => {
      isRunning = true
      return new Promise(() => {})
    })
    await first.start()
    const jobs = [
      { name: 'long', data: {} },
      {
        name: 'throws',
        data: {},
        options: { retry: { attempts: 5, backoff: { type: 'fixed', delayMs: 500 } } },
      },
    ] as const
    const [long, throws] = await first.addMany(jobs)
    await until('it is put off', async () => (await first.get(throws?.id ?? ''))?.status === 'delayed')
    await until('it runs', () => isRunning)
    await first.pause('throws')
    await passUntil(lives.clock, 500, async () => (await first.get(throws?.id ?? ''))?.status === 'waiting')
    const second = lives.next()
    await second.start()
    expect(await second.get(throws?.id ?? '')).toMatchObject({ failures: 1, stalls: 0 })
    expect(await second.get(long?.id ?? '')).toMatchObject({ stalls: 1 })
  })

  test('jobs that ran at a crash run one at a time when the next is the last, past names that are paused', async () => {
    const lives = new Lives({ maxStalls: 2 })
    const first = lives.next()
    let begun = 0
    for (const name of ['a', 'b', 'c']) {
      first.registerHandler(name, () => {
        begun += 1
        return new Promise(() => {})
      })
    }
    await first.start()
    const [a, b, c] = await first.addMany(['a', 'b', 'c'].map((name) => ({ name, data: {} })))
    await until('all run', () => begun === 3)
    const second = lives.next()
    const { opened, open } = gate()
    const ran: string[] = []
    for (const name of ['a', 'b', 'c']) {
      second.registerHandler(name, async ({ id }) => {
        ran.push(id)
        await opened
      })
    }
    await second.start()
    await until('one runs', () => ran.length === 1)
    // Of the two that are put aside, the one that comes first may not run.
    const aside = [a, b, c].map((job) => job?.id ?? '').filter((id) => id !== ran[0])
    const [paused, other] = aside
    await second.pause(paused?.slice(0, 1))
    open()
    await second.waitFor(other ?? '', { signal: AbortSignal.timeout(5_000) })
    expect(ran).toEqual([ran[0], other])
  })

  test('drain ends when the last job that ran is put off', async () => {
    const lives = new Lives()
    const queue = lives.next()
    const { opened, open } = gate()
    queue.registerHandler('work', async () => {
      await opened
      throw new Error('not now')
    })
    await queue.start()
    await queue.add('work', {}, { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: DAY_MS } } })
    await until('it runs', async () => (await queue.counts()).get('work')?.running === 1)
    const drained = queue.drain({ signal: AbortSignal.timeout(5_000) })
    open()
    await drained
    expect((await queue.counts()).get('work')).toMatchObject({ delayed: 1, waiting: 0, running: 0 })
  })

  test('a schedule that is set again while it ticks keeps its tick', async () => {
    const lives = new Lives()
    const queue = lives.next()
    await queue.start()
    const set = () =>
      queue.upsertSchedule('hourly', { timing: { everyMs: 3_600_000 }, name: 'work', data: 1 })
    await set()
    lives.clock.pass(3_600_000)
    await Promise.all([set(), set()])
    await until('it has ticked', async () => ((await queue.counts()).get('work')?.waiting ?? 0) > 0)
    await set()
    lives.clock.pass(1)
    const { id } = await queue.add('behind', {}, { delayMs: 1 })
    await passUntil(lives.clock, 1, async () => (await queue.get(id))?.status === 'waiting')
    expect((await queue.schedules())[0]?.ticks).toBe(1)
    expect((await queue.counts()).get('work')?.waiting).toBe(1)
  })
})
