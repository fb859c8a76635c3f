import type { Queue } from '@pastel-mesh/queue'
import { describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { queueAnswer, queueChange } from '../src/admin/queue-answer.ts'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

const NO_JOBS = { waiting: 0, delayed: 0, running: 0, done: 0, failed: 0, cancelled: 0, expired: 0 }

/** A queue that does `works`, fails `fails` at once and begins `holds`. */
function prepare(queue: Queue): void {
  queue.registerHandler('works', ({ data, log, step, progress }) => {
    log('a line')
    progress({ percent: 50 })
    return step('only', () => (data as { n: number }).n + 1)
  })
  queue.registerHandler('fails', () => Promise.reject(new Error('it never works')), {
    retry: { attempts: 1 },
  })
  queue.registerHandler('holds', ({ signal }) => new Promise((_, reject) => (signal.onabort = reject)))
}

async function open() {
  const { path, queue } = await openServer({ prepare })
  const { jobs, status } = apiOf(path).admin
  const isNow = (id: string, wanted: string) =>
    waitUntil(async () => (await queue.get(id))?.status === wanted, { what: `${id} to be ${wanted}` })
  return { path, queue, jobs, status, isNow }
}

describe('jobs, for the operator', () => {
  it('are added, and shown with all there is of one', async () => {
    const { jobs, isNow } = await open()
    const { id, isDuplicate } = await jobs.add.mutate({
      name: 'works',
      data: { n: 1 },
      options: {
        priority: 3,
        dedupKey: 'once',
        retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 5 } },
      },
    })
    expect(isDuplicate).toBe(false)
    expect(await jobs.add.mutate({ name: 'works', data: { n: 1 }, options: { dedupKey: 'once' } })).toEqual({
      id,
      isDuplicate: true,
    })
    await isNow(id, 'done')
    expect(await jobs.show.query({ id })).toMatchObject({
      id,
      name: 'works',
      status: 'done',
      data: { n: 1 },
      priority: 3,
      dedupKey: 'once',
      attempts: 1,
      result: 2,
      steps: { only: 2 },
      progress: { percent: 50 },
      logs: [{ text: 'a line', atMs: expect.any(Number) }],
    })
  })

  it('are listed page by page, without what may be large', async () => {
    const { jobs } = await open()
    const ids: string[] = []
    for (let n = 0; n < 45; n += 1) {
      ids.push((await jobs.add.mutate({ name: 'nobody', data: { n, text: 'x'.repeat(1_000) } })).id)
    }
    const listed: string[] = []
    let after: string | undefined
    do {
      const page = await jobs.list.query({ status: 'waiting', limit: 30, ...(after ? { after } : {}) })
      for (const job of page.jobs) {
        expect(job.preview).toHaveLength(200)
        expect(job).not.toHaveProperty('data')
        listed.push(job.id)
      }
      after = page.next
    } while (after !== undefined)
    expect(listed).toEqual(ids)
    expect((await jobs.list.query({ status: 'waiting', name: 'works' })).jobs).toEqual([])
  })

  it('that failed are tried again, one or all, and forgotten', async () => {
    const { jobs, isNow } = await open()
    const ids: string[] = []
    for (let n = 0; n < 3; n += 1) ids.push((await jobs.add.mutate({ name: 'fails' })).id)
    for (const id of ids) await isNow(id, 'failed')
    const [first = '', second = ''] = ids
    const shown = await jobs.list.query({ status: 'failed' })
    expect(shown.jobs[0]?.failure).toEqual({ message: 'it never works' })

    await jobs.pause.mutate({ name: 'fails' })
    expect(await jobs.retry.mutate({ id: first })).toEqual({ isChanged: true, status: 'waiting' })
    expect(await jobs.retry.mutate({ id: first })).toEqual({ isChanged: false, status: 'waiting' })
    expect(await jobs.redrive.mutate({ name: 'works' })).toEqual({ count: 0 })
    expect(await jobs.redrive.mutate({})).toEqual({ count: 2 })
    expect(await jobs.show.query({ id: second })).toMatchObject({ status: 'waiting', waitsFor: 'resume' })
    await jobs.remove.mutate({ id: first })
    expect(await jobs.clear.mutate({ status: 'waiting', name: 'fails' })).toEqual({ count: 2 })
    expect((await jobs.stats.query()).totals).toEqual(NO_JOBS)
  })

  it('are cancelled, also while they run; those that run are not removed', async () => {
    const { jobs, isNow } = await open()
    const { id } = await jobs.add.mutate({ name: 'holds' })
    await isNow(id, 'running')
    await expect(jobs.remove.mutate({ id })).rejects.toMatchObject({
      message: expect.stringContaining('cancel it first'),
      data: { code: 'CONFLICT', meshCode: 'ERR_JOB_RUNNING' },
    })
    expect(await jobs.cancel.mutate({ id })).toMatchObject({ isChanged: true })
    await isNow(id, 'cancelled')
    expect(await jobs.cancel.mutate({ id })).toEqual({ isChanged: false, status: 'cancelled' })
  })

  it('that wait say for what: a handler, an operator, or room', async () => {
    const { jobs, status } = await open()
    await jobs.add.mutate({ name: 'nobody' })
    await jobs.pause.mutate({ name: 'works' })
    const paused = await jobs.add.mutate({ name: 'works', data: { n: 1 } })
    expect((await jobs.stats.query()).names).toMatchObject([
      { name: 'fails', counts: NO_JOBS, isHandled: true, isPaused: false },
      { name: 'holds', counts: NO_JOBS, isHandled: true, isPaused: false },
      { name: 'nobody', counts: { waiting: 1 }, isHandled: false, isPaused: false, waitsFor: 'handler' },
      { name: 'works', counts: { waiting: 1 }, isHandled: true, isPaused: true, waitsFor: 'resume' },
    ])
    expect(await jobs.show.query({ id: paused.id })).toMatchObject({ waitsFor: 'resume', attempts: 0 })
    expect((await status.query()).queue).toEqual({
      state: 'running',
      ...NO_JOBS,
      waiting: 2,
      isPaused: false,
      pausedNames: ['works'],
      unhandled: [{ name: 'nobody', waiting: 1 }],
    })
    expect(await jobs.pause.mutate({})).toEqual({ all: true, names: ['works'] })
    // A name that was paused by itself stays so.
    expect(await jobs.resume.mutate({})).toEqual({ all: false, names: ['works'] })
    expect(await jobs.resume.mutate({ name: 'works' })).toEqual({ all: false, names: [] })
    await waitUntil(async () => (await jobs.stats.query()).totals.done === 1, { what: 'the job to be done' })
    const works = (await jobs.stats.query()).names.find(({ name }) => name === 'works')
    expect(works?.sinceStart).toMatchObject({ added: 1, done: 1, attempts: 1 })
    expect(works).not.toHaveProperty('waitsFor')
  })
})

describe('an error of the queue', () => {
  it.each([
    ['add', { name: 'no name' }, 400, 'ERR_JOB_NAME'],
    ['add', { name: 'a', options: { priority: 1_000 } }, 400, 'ERR_JOB_OPTIONS'],
    ['add', { name: 'a', options: { delayMs: 1, runAt: 1 } }, 400, 'ERR_JOB_OPTIONS'],
    ['add', { name: 'works', data: 'x'.repeat(600_000) }, 400, 'ERR_JOB_DATA'],
    ['pause', { name: '!' }, 400, 'ERR_JOB_NAME'],
    ['retry', { id: 'works:none' }, 404, 'ERR_JOB_UNKNOWN'],
    ['cancel', { id: 'none' }, 404, 'ERR_JOB_UNKNOWN'],
    ['remove', { id: 'works:none' }, 404, 'ERR_JOB_UNKNOWN'],
  ])('keeps its code: %s %o', async (procedure, input, httpStatus, meshCode) => {
    const { path, queue } = await open()
    const answer = await mutate(path, `admin.jobs.${procedure}`, input)
    expect(errorOf(answer).data).toMatchObject({ httpStatus, meshCode })
    expect(await queue.counts()).toEqual(new Map())
  })

  it.each([
    ['add', { name: '' }],
    ['add', { name: 'a', options: { retries: 1 } }],
    ['add', { name: 'deep', data: JSON.parse('['.repeat(100) + ']'.repeat(100)) }],
    ['clear', { status: 'running' }],
    ['cancel', {}],
  ])('of a wrong input says what is wrong: %s %o', async (procedure, input) => {
    const { path, queue } = await open()
    const answer = await mutate(path, `admin.jobs.${procedure}`, input)
    expect(answer.status).toBe(400)
    expect(errorOf(answer).message).toMatch(/^the input is wrong: /)
    expect(await queue.counts()).toEqual(new Map())
  })

  it('that is stopped keeps its code, and the status goes on without it', async () => {
    const { path, queue, jobs, status } = await open()
    await queue.stop()
    await expect(jobs.stats.query()).rejects.toMatchObject({
      data: { code: 'SERVICE_UNAVAILABLE', meshCode: 'ERR_QUEUE_STOPPED' },
    })
    expect(errorOf(await mutate(path, 'admin.jobs.add', { name: 'a' })).data).toMatchObject({
      httpStatus: 503,
      meshCode: 'ERR_QUEUE_STOPPED',
    })
    expect(await status.query()).toMatchObject({
      version: '1.2.3',
      queue: { state: 'unavailable', code: 'ERR_QUEUE_STOPPED' },
    })
  })

  it('that does not answer is an error after some time', async () => {
    await expect(queueAnswer(new Promise(() => {}), 1)).rejects.toMatchObject({ code: 'ERR_QUEUE_SERVER' })
    expect(await queueAnswer(Promise.resolve(7), 60_000)).toBe(7)
  })

  it('that does not answer to a change says that it may be done all the same, and where to look', async () => {
    await expect(queueChange(new Promise(() => {}), 'at the job', 1)).rejects.toMatchObject({
      code: 'ERR_QUEUE_SERVER',
      message: expect.stringMatching(/may be done all the same.*look at the job/),
    })
  })
})
