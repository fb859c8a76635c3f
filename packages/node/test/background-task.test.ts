import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BackgroundTask } from '../src/plugins/background-task.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 5, 12) })
})
afterEach(() => {
  vi.useRealTimers()
})

function taskOf(
  timing: { readonly every: string | number } | { readonly cron: string; readonly timeZone?: string },
  run: () => unknown,
) {
  const failures: unknown[] = []
  const task = new BackgroundTask(
    { name: 'tick', timing },
    { run, onFailure: (error) => failures.push(error) },
  )
  return { task, failures }
}

describe('a background task', () => {
  it('runs every so often, the first time after one interval', async () => {
    const run = vi.fn()
    const { task } = taskOf({ every: '5s' }, run)
    task.start()
    task.start()
    await vi.advanceTimersByTimeAsync(4_999)
    expect(run).toHaveBeenCalledTimes(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(run).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(50_000)
    expect(run).toHaveBeenCalledTimes(11)
    expect(task.status()).toMatchObject({
      timing: 'every 5s',
      runs: 11,
      skipped: 0,
      nextAtMs: Date.now() + 5_000,
    })
  })

  it('never runs twice at a time: what is due meanwhile is counted and left out', async () => {
    let running = 0
    let most = 0
    const { task } = taskOf({ every: 100 }, async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 250))
      running -= 1
    })
    task.start()
    await vi.advanceTimersByTimeAsync(100)
    expect(task.status()).toMatchObject({ runs: 0, isRunning: true })
    await vi.advanceTimersByTimeAsync(900)
    expect(most).toBe(1)
    // Begun at 100, 400, 700 and 1,000.
    expect(task.status()).toMatchObject({ runs: 3, skipped: 6, isRunning: true })
    expect(Math.round(task.status().runMs)).toBe(750)
  })

  it('goes on after a failure, which is counted, told and shown', async () => {
    const atMs = Date.now()
    let count = 0
    const { task, failures } = taskOf({ every: '1s' }, () => {
      count += 1
      if (count === 2) throw new Error('no luck')
    })
    task.start()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(failures).toEqual([new Error('no luck')])
    expect(task.status()).toMatchObject({
      runs: 3,
      failures: 1,
      lastFailure: { message: 'no luck', atMs: atMs + 2_000 },
    })
  })

  it('runs by the clock, in its time zone, and waits longer than a timer can', async () => {
    const at: string[] = []
    const { task } = taskOf({ cron: '0 3 1 * *', timeZone: 'Europe/Vienna' }, () => {
      at.push(new Date().toISOString())
    })
    task.start()
    expect(task.status()).toMatchObject({ timing: 'cron 0 3 1 * * Europe/Vienna', runs: 0 })
    await vi.advanceTimersByTimeAsync(90 * DAY_MS)
    expect(at).toEqual(['2026-02-01T02:00:00.000Z', '2026-03-01T02:00:00.000Z', '2026-04-01T01:00:00.000Z'])
  })

  it('with an interval goes on as it is when the clock is set', async () => {
    const run = vi.fn()
    const { task } = taskOf({ every: '10s' }, run)
    task.start()
    vi.setSystemTime(Date.now() - DAY_MS)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 2 * DAY_MS)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run).toHaveBeenCalledTimes(2)
  })

  it('by the clock finds its time again when the clock is set', async () => {
    const at: string[] = []
    vi.setSystemTime(Date.UTC(2036, 0, 1))
    const { task } = taskOf({ cron: '0 3 * * *' }, () => {
      at.push(new Date().toISOString())
    })
    task.start()
    // It was ten years ahead.
    vi.setSystemTime(Date.UTC(2026, 0, 5, 2))
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS)
    expect(at).toEqual(['2026-01-05T03:00:00.000Z'])
    // And is put forward past the next time.
    vi.setSystemTime(Date.UTC(2026, 0, 6, 4))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(at).toHaveLength(2)
  })

  it('begins no more runs when it rests, and goes on with the one that runs', async () => {
    const run = vi.fn()
    const { task } = taskOf({ every: '1s' }, run)
    task.start()
    await vi.advanceTimersByTimeAsync(1_000)
    task.rest()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('goes on whatever is thrown, and whoever was to hear of it', async () => {
    const thrown: unknown[] = [
      Object.create(null),
      undefined,
      { message: 'x'.repeat(1e6) },
      new Error('y'.repeat(1e6)),
    ]
    const task = new BackgroundTask(
      { name: 'tick', timing: { every: '1s' } },
      {
        run: () => {
          throw thrown.pop()
        },
        onFailure: () => {
          throw new Error('nobody is there')
        },
      },
    )
    task.start()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(task.status().lastFailure?.message).toHaveLength(2_001)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(task.status()).toMatchObject({ runs: 4, failures: 4 })
  })

  it('ends with the run that goes on when it is stopped, and none begins', async () => {
    let ended = 0
    const { task } = taskOf({ every: '1s' }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      ended += 1
    })
    task.start()
    await vi.advanceTimersByTimeAsync(1_200)
    let isStopped = false
    const stopping = task.stop().then(() => {
      isStopped = true
    })
    await vi.advanceTimersByTimeAsync(200)
    expect(isStopped).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    await stopping
    expect(ended).toBe(1)
    expect(task.status()).not.toHaveProperty('nextAtMs')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes no interval and no expression that is none', () => {
    for (const timing of [
      { every: 50 },
      { every: '0s' },
      { every: 'often' },
      { cron: 'daily' },
      { cron: '* * * * *', timeZone: 'Mars' },
    ]) {
      expect(() => taskOf(timing, () => {})).toThrow()
    }
  })
})
