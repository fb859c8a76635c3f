import { afterEach, describe, expect, it, vi } from 'vitest'
import { levelDriver, windingTreeQueue } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const { Queue, JobStatus, createJobHandler } = windingTreeQueue
type Queue = windingTreeQueue.Queue

const queues: Queue[] = []
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.stop()
})

function open(options: windingTreeQueue.QueueOptions = {}): Queue {
  const queue = new Queue(options)
  queues.push(queue)
  return queue
}

const until = (holds: () => Promise<boolean> | boolean) =>
  vi.waitUntil(holds, { timeout: 20_000, interval: 10 })
const has = (queue: Queue, id: string, status: windingTreeQueue.JobStatus) =>
  until(async () => (await queue.get(id))?.status === status)

describe('code that was written against the names of the WindingTree SDK', () => {
  it('runs: storage, a handler with options, data, a status', async () => {
    // What follows is how a supplier's node used its queue.
    const storage = levelDriver({ directory: await temporaryFolder() })
    const claimed: string[] = []
    const claimHandler = createJobHandler<{ deal: string }, { claim(deal: string): Promise<void> }>(
      async (data, options) => {
        if (data === undefined || options === undefined) throw new Error('no data, or no options')
        await options.claim(data.deal)
        return true
      },
    )
    const queue = open({ storage, idsKeyName: 'jobsIds', concurrencyLimit: 3 })
    queue.registerHandler('claim', claimHandler({ claim: async (deal) => void claimed.push(deal) }))
    const id = await queue.add({
      handlerName: 'claim',
      data: { deal: '0x01' },
      expire: Math.floor(Date.now() / 1_000) + 3_600,
      maxRetries: 3,
      retriesDelay: 10,
    })
    await has(queue, id, JobStatus.Done)
    expect(claimed).toEqual(['0x01'])
    expect(await queue.get(id)).toMatchObject({
      id,
      handlerName: 'claim',
      data: { deal: '0x01' },
      retries: 0,
    })
    expect(await queue.delete(id)).toBe(true)
    expect(await queue.get(id)).toBeUndefined()
    expect(await queue.delete(id)).toBe(false)
  })

  it('keeps 50 jobs that were added at once, and cancelled ones cancelled, over a restart', async () => {
    const directory = await temporaryFolder()
    const before = open({ storage: levelDriver({ directory }) })
    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, n) => before.add({ handlerName: 'do', data: n })),
    )
    expect((await before.get(ids[0] as string))?.status).toBe(JobStatus.Pending)
    expect(await before.cancel(ids[0] as string)).toBe(true)
    await before.stop()

    const after = open({ storage: levelDriver({ directory }) })
    const done: unknown[] = []
    after.registerHandler('do', async (data) => {
      done.push(data)
      return true
    })
    await until(() => done.length === 49)
    expect((await after.get(ids[0] as string))?.status).toBe(JobStatus.Cancelled)
    expect(await after.cancel(ids[0] as string)).toBe(false)
    expect(await after.cancel('do:unknown')).toBe(false)
    expect(done).not.toContain(0)
  })

  it('tries as often as maxRetries says, and ends Failed', async () => {
    const queue = open()
    let runs = 0
    queue.registerHandler('fails', async () => {
      runs += 1
      throw new Error('no')
    })
    const id = await queue.add({ handlerName: 'fails', maxRetries: 3, retriesDelay: 1 })
    await has(queue, id, JobStatus.Failed)
    expect(runs).toBe(4)
    expect((await queue.get(id))?.retries).toBe(4)
    const once = await queue.add({ handlerName: 'fails' })
    await has(queue, once, JobStatus.Failed)
    expect(runs).toBe(5)
  })

  it('runs a recurrent job at once and then by its interval, as often as maxRecurrences says', async () => {
    const queue = open()
    let runs = 0
    queue.registerHandler('poll', async () => {
      runs += 1
      return true
    })
    const id = await queue.add({
      handlerName: 'poll',
      isRecurrent: true,
      recurrenceInterval: 100,
      maxRecurrences: 3,
    })
    expect((await queue.get(id))?.isRecurrent).toBe(true)
    await until(() => runs === 3)
    await has(queue, id, JobStatus.Done)
    await queue.queue.drain()
    expect(runs).toBe(3)
  })

  it('ends a recurrent job whose handler returns false, and one that is cancelled', async () => {
    const queue = open()
    let polls = 0
    let runs = 0
    queue.registerHandler('twice', async () => {
      polls += 1
      return polls < 2
    })
    queue.registerHandler('always', async () => {
      runs += 1
      return true
    })
    const recurrent = { isRecurrent: true, recurrenceInterval: 100 }
    const twice = await queue.add({ handlerName: 'twice', ...recurrent })
    const always = await queue.add({ handlerName: 'always', ...recurrent })
    await until(() => runs >= 2)
    expect(await queue.cancel(always)).toBe(true)
    expect(await queue.cancel(always)).toBe(false)
    const atCancel = runs
    await until(async () => (await queue.get(twice)) === undefined)
    expect(polls).toBe(2)
    // Two more intervals of a third job have passed without these two.
    const [third] = [await queue.add({ handlerName: 'twice', ...recurrent, maxRecurrences: 3 })]
    await until(async () => (await queue.get(third as string)) === undefined)
    expect(runs).toBeLessThanOrEqual(atCancel + 1)
    expect(await queue.get(always)).toBeUndefined()
  })

  it('waits for a scheduledTime, runs one in the past at once, and expires', async () => {
    const queue = open()
    const ran: number[] = []
    queue.registerHandler('timed', async () => {
      ran.push(Date.now())
      return true
    })
    const scheduledTime = Date.now() + 300
    const later = await queue.add({ handlerName: 'timed', scheduledTime })
    expect((await queue.get(later))?.status).toBe(JobStatus.Scheduled)
    const past = await queue.add({ handlerName: 'timed', scheduledTime: Date.now() - 1_000 })
    await has(queue, past, JobStatus.Done)
    await has(queue, later, JobStatus.Done)
    expect(ran.at(-1)).toBeGreaterThanOrEqual(scheduledTime)
    const expires = await queue.add({ handlerName: 'nobody', expire: (Date.now() + 500) / 1_000 })
    await has(queue, expires, JobStatus.Expired)
  })

  it('runs no more at a time than concurrencyLimit, scheduled ones included', async () => {
    const queue = open({ concurrencyLimit: 2 })
    let running = 0
    let most = 0
    let ended = 0
    queue.registerHandler('slow', async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      ended += 1
      return true
    })
    const scheduledTime = Date.now() + 100
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        queue.add({ handlerName: 'slow', ...(n % 2 === 0 ? { scheduledTime } : {}) }),
      ),
    )
    await until(() => ended === 10)
    expect(most).toBe(2)
  })

  it('refuses what cannot be, before anything is stored', async () => {
    const old = { get: async () => undefined, set: async () => {} }
    expect(() => new Queue({ storage: old as never })).toThrow('storage is no driver')
    const queue = open()
    const recurrent = { handlerName: 'a', isRecurrent: true }
    await expect(queue.add({ ...recurrent, recurrenceInterval: 10 })).rejects.toMatchObject({
      code: 'ERR_SCHEDULE',
    })
    await expect(
      queue.add({ ...recurrent, recurrenceInterval: 1_000, scheduledTime: Date.now() + 1_000 }),
    ).rejects.toMatchObject({ code: 'ERR_JOB_OPTIONS' })
    await expect(queue.add({ handlerName: 'a', expire: 60 })).rejects.toMatchObject({
      code: 'ERR_JOB_OPTIONS',
    })
    expect((await queue.queue.counts()).size).toBe(0)
    expect(await queue.queue.schedules()).toEqual([])
  })
})
