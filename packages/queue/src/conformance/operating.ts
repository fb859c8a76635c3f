import assert from 'node:assert/strict'
import type { JobStatus } from '../job.ts'
import { type ConformanceCase, gate, hasCode, soon, until, withQueue } from './conformance-case.ts'

export const operatingCases: ConformanceCase[] = [
  {
    name: 'a paused name rests, across a restart, and others go on',
    async run(driver) {
      await withQueue(driver, async (queue) => {
        await queue.pause('resting')
      })
      await withQueue(driver, async (queue) => {
        assert.deepEqual(await queue.pauses(), { all: false, names: ['resting'] })
        queue.registerHandler('resting', () => 'rested')
        queue.registerHandler('busy', () => 'busy')
        const resting = await queue.add('resting', {})
        const busy = await queue.add('busy', {})
        assert.equal(await queue.waitFor(busy.id, soon()), 'busy')
        assert.equal((await queue.get(resting.id))?.status, 'waiting')
        await queue.resume('resting')
        assert.equal(await queue.waitFor(resting.id, soon()), 'rested')
        assert.deepEqual(await queue.pauses(), { all: false, names: [] })
      })
    },
  },
  {
    name: 'what is no name is neither paused nor resumed',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        await queue.pause()
        for (const name of ['', 'no name']) {
          await assert.rejects(queue.pause(name), hasCode('ERR_JOB_NAME'))
          await assert.rejects(queue.resume(name), hasCode('ERR_JOB_NAME'))
        }
        assert.deepEqual(await queue.pauses(), { all: true, names: [] })
      }),
  },
  {
    name: 'jobs of each state are listed, page by page, and counted',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const hold = gate()
        queue.registerHandler('fails', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
        queue.registerHandler('works', () => 'yes')
        queue.registerHandler('holds', () => hold.opened)
        const expected: Record<JobStatus, string[]> = {
          waiting: [],
          delayed: [],
          running: [],
          done: [],
          failed: [],
          cancelled: [],
          expired: [],
        }
        for (let n = 0; n < 7; n += 1) {
          expected.waiting.push((await queue.add('waits', { n })).id)
          expected.delayed.push((await queue.add('waits', { n }, { delayMs: 60_000 + n })).id)
          expected.running.push((await queue.add('holds', { n })).id)
          expected.done.push((await queue.add('works', { n })).id)
          expected.failed.push((await queue.add('fails', { n })).id)
          const { id } = await queue.add('waits', { n })
          await queue.cancel(id)
          expected.cancelled.push(id)
        }
        const statusOf = async (id: string) => (await queue.get(id))?.status
        for (const status of ['done', 'failed', 'running'] as const) {
          for (const id of expected[status])
            await until(`${id} is ${status}`, async () => (await statusOf(id)) === status)
        }
        for (const [status, ids] of Object.entries(expected) as [JobStatus, string[]][]) {
          const listed: string[] = []
          let after: string | undefined
          do {
            const page = await queue.list({ status, limit: 3, ...(after === undefined ? {} : { after }) })
            assert.ok(page.jobs.length <= 3)
            for (const job of page.jobs) {
              assert.equal(job.status, status)
              listed.push(job.id)
            }
            after = page.next
          } while (after !== undefined)
          assert.deepEqual(listed.sort(), [...ids].sort(), status)
        }
        const counts = await queue.counts()
        assert.equal(counts.get('waits')?.waiting, 7)
        assert.equal(counts.get('waits')?.delayed, 7)
        assert.equal(counts.get('waits')?.cancelled, 7)
        assert.equal(counts.get('holds')?.running, 7)
        assert.equal(counts.get('works')?.done, 7)
        assert.equal(counts.get('fails')?.failed, 7)
        const only = await queue.list({ status: 'done', name: 'fails' })
        assert.deepEqual(only.jobs, [])
        await assert.rejects(queue.list({ status: 'done', limit: 0 }), hasCode('ERR_JOB_OPTIONS'))
        hold.open()
      }),
  },
  {
    name: 'clear removes what waits',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        await queue.addMany(Array.from({ length: 20 }, () => ({ name: 'unwanted', data: {} })))
        await queue.add('wanted', {})
        assert.equal(await queue.clear({ status: 'waiting', name: 'unwanted' }), 20)
        const counts = await queue.counts()
        assert.equal(counts.get('unwanted')?.waiting ?? 0, 0)
        assert.equal(counts.get('wanted')?.waiting, 1)
      }),
  },
  {
    name: 'drain waits until nothing waits and nothing runs',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let done = 0
        queue.registerHandler('work', async () => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          done += 1
        })
        await queue.addMany(Array.from({ length: 20 }, () => ({ name: 'work', data: {} })))
        await queue.drain(soon())
        assert.equal(done, 20)
        await queue.drain(soon())
        await queue.add('nobody', {})
        await assert.rejects(queue.drain({ signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' })
      }),
  },
  {
    name: 'events tell what happens',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const seen: string[] = []
        for (const type of ['added', 'started', 'retrying', 'done', 'failed'] as const) {
          queue.addEventListener(type, ({ detail }) => seen.push(`${type} ${detail.name}`))
        }
        queue.registerHandler(
          'tells',
          ({ attempt }) => {
            if (attempt === 1) throw new Error('no')
          },
          { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } },
        )
        await queue.add('tells', {})
        await until('it is done', () => seen.includes('done tells'))
        assert.deepEqual(seen, [
          'added tells',
          'started tells',
          'retrying tells',
          'started tells',
          'done tells',
        ])
        assert.equal(queue.metrics().get('tells')?.attempts, 2)
      }),
  },
]
