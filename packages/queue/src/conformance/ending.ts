import assert from 'node:assert/strict'
import { type ConformanceCase, gate, hasCode, soon, until, withQueue } from './conformance-case.ts'

/** Time for a driver to take a job that it can see: it need not. */
const TAKEN_MS = 300

export const endingCases: ConformanceCase[] = [
  {
    name: 'a job that is cancelled stays cancelled, across a restart',
    async run(driver) {
      const ids: string[] = []
      await withQueue(driver, async (queue) => {
        for (const options of [{}, { delayMs: 60_000 }]) {
          const { id } = await queue.add('unwanted', {}, options)
          assert.equal(await queue.cancel(id), true)
          assert.equal(await queue.cancel(id), false)
          assert.equal((await queue.get(id))?.status, 'cancelled')
          await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_CANCELLED'))
          ids.push(id)
        }
      })
      await withQueue(driver, async (queue) => {
        let runs = 0
        queue.registerHandler('unwanted', () => {
          runs += 1
        })
        const { id } = await queue.add('unwanted', {})
        await queue.waitFor(id, soon())
        assert.equal(runs, 1)
        for (const cancelled of ids) assert.equal((await queue.get(cancelled))?.status, 'cancelled')
      })
    },
  },
  {
    name: 'a job that is cancelled while there is no room for it is nowhere else, and can be retried before there is',
    run: (driver) =>
      withQueue(
        driver,
        async (queue) => {
          const room = gate()
          let ran = 0
          queue.registerHandler('fills', () => room.opened)
          queue.registerHandler('waits', () => {
            ran += 1
          })
          const { id: first } = await queue.add('fills', {})
          await until('it runs', async () => (await queue.get(first))?.status === 'running')
          const { id } = await queue.add('waits', {})
          // A driver may take it already, and keep it until there is room.
          await new Promise((resolve) => setTimeout(resolve, TAKEN_MS))
          assert.equal(await queue.cancel(id), true)
          await until('it is cancelled and nothing else', async () => {
            const counts = (await queue.counts()).get('waits')
            return counts?.cancelled === 1 && counts.running === 0 && counts.waiting === 0
          })
          assert.equal(await queue.retry(id), true)
          assert.equal(ran, 0)
          room.open()
          await queue.waitFor(id, soon())
          assert.equal(ran, 1)
        },
        { concurrency: 1 },
      ),
  },
  {
    name: 'the signal of a running job that is cancelled fires, and what it returns does not count',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const started = gate()
        const fired = gate()
        queue.registerHandler('running', async ({ signal }) => {
          started.open()
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          fired.open()
          return 'never mind'
        })
        const { id } = await queue.add('running', {})
        await started.opened
        assert.equal(await queue.cancel(id), true)
        await fired.opened
        await until('it is cancelled', async () => (await queue.get(id))?.status === 'cancelled')
        assert.equal((await queue.get(id))?.result, undefined)
      }),
  },
  {
    name: 'a job that has not started by its time expires',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let runs = 0
        const hold = gate()
        queue.registerHandler(
          'perishable',
          async () => {
            runs += 1
            await hold.opened
          },
          { concurrency: 1 },
        )
        const first = await queue.add('perishable', {})
        await until('the first runs', () => runs === 1)
        const { id } = await queue.add('perishable', {}, { expiresAt: Date.now() + 100 })
        await new Promise((resolve) => setTimeout(resolve, 150))
        hold.open()
        await queue.waitFor(first.id, soon())
        await until('it has expired', async () => (await queue.get(id))?.status === 'expired')
        await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_EXPIRED'))
        assert.equal(runs, 1)
      }),
  },
  {
    name: 'a job that is removed is gone; one that runs is not removed',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const { id } = await queue.add('removed', {})
        await queue.remove(id)
        assert.equal(await queue.get(id), undefined)
        await assert.rejects(queue.cancel(id), hasCode('ERR_JOB_UNKNOWN'))
        await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_UNKNOWN'))
        const started = gate()
        const hold = gate()
        queue.registerHandler('removed', async () => {
          started.open()
          await hold.opened
        })
        const running = await queue.add('removed', {})
        await started.opened
        await assert.rejects(queue.remove(running.id), hasCode('ERR_JOB_RUNNING'))
        hold.open()
        await queue.waitFor(running.id, soon())
      }),
  },
  {
    name: 'waitFor gives up when its signal fires',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const { id } = await queue.add('never', {})
        await assert.rejects(queue.waitFor(id, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' })
      }),
  },
]
