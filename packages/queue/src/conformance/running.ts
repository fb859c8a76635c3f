import assert from 'node:assert/strict'
import { type ConformanceCase, gate, hasCode, soon, until, withQueue } from './conformance-case.ts'

export const runningCases: ConformanceCase[] = [
  {
    name: 'no more jobs of a name run than its handler allows',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let running = 0
        let most = 0
        let ended = 0
        queue.registerHandler(
          'limited',
          async () => {
            running += 1
            most = Math.max(most, running)
            // However slowly they are handed out: the first ones wait for each other.
            await until('three run at once', () => most >= 3)
            await new Promise((resolve) => setTimeout(resolve, 5))
            running -= 1
            ended += 1
          },
          { concurrency: 3 },
        )
        await queue.addMany(Array.from({ length: 30 }, () => ({ name: 'limited', data: {} })))
        await until('all ended', () => ended === 30)
        assert.equal(most, 3)
      }),
  },
  {
    name: 'no more jobs run in all than the queue allows',
    run: (driver) =>
      withQueue(
        driver,
        async (queue) => {
          let running = 0
          let most = 0
          let ended = 0
          for (const name of ['a', 'b', 'c']) {
            queue.registerHandler(name, async () => {
              running += 1
              most = Math.max(most, running)
              await new Promise((resolve) => setTimeout(resolve, 5))
              running -= 1
              ended += 1
            })
            await queue.addMany(Array.from({ length: 10 }, () => ({ name, data: {} })))
          }
          await until('all ended', () => ended === 30)
          assert.ok(most <= 4, `${most} ran at once`)
        },
        { concurrency: 4 },
      ),
  },
  {
    name: 'jobs of a name without a handler wait, and others go on',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const { id } = await queue.add('nobody', {})
        queue.registerHandler('somebody', () => 'done')
        const other = await queue.add('somebody', {})
        assert.equal(await queue.waitFor(other.id, soon()), 'done')
        assert.equal((await queue.get(id))?.status, 'waiting')
        queue.registerHandler('nobody', () => 'at last')
        assert.equal(await queue.waitFor(id, soon()), 'at last')
      }),
  },
  {
    name: 'no more jobs start in a time than the rate allows',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const starts: number[] = []
        queue.registerHandler(
          'rated',
          () => {
            starts.push(performance.now())
          },
          { rateLimit: { max: 2, perMs: 500 } },
        )
        // Before the first was handed out: what a driver needs until it starts does not count.
        const addedMs = performance.now()
        await queue.addMany(Array.from({ length: 5 }, () => ({ name: 'rated', data: {} })))
        await until('all started', () => starts.length === 5)
        const [, , third = 0, , fifth = 0] = starts
        // A little less: the driver's clock and this one do not tick at the same moment.
        assert.ok(third - addedMs >= 490, `the third came after ${third - addedMs} ms`)
        assert.ok(fifth - addedMs >= 980, `the fifth came after ${fifth - addedMs} ms`)
      }),
  },
  {
    name: 'steps that are done are not done again',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const calls: string[] = []
        queue.registerHandler(
          'steps',
          async ({ step, attempt }) => {
            const a = await step('a', () => {
              calls.push('a')
              return 20
            })
            const b = await step('b', () => {
              calls.push('b')
              if (attempt === 1) throw new Error('not yet')
              return 22
            })
            return a + b
          },
          { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } },
        )
        const { id } = await queue.add('steps', {})
        assert.equal(await queue.waitFor(id, soon()), 42)
        assert.deepEqual(calls, ['a', 'b', 'b'])
        assert.deepEqual((await queue.get(id))?.steps, { a: 20, b: 22 })
      }),
  },
  {
    name: 'progress and lines of the log are kept with the job',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const hold = gate()
        queue.registerHandler('talks', async ({ log, progress }) => {
          log('first')
          progress({ percent: 50 })
          log('second')
          await hold.opened
        })
        const { id } = await queue.add('talks', {})
        await until('it says how far it is', async () => (await queue.get(id))?.progress !== undefined)
        assert.equal((await queue.get(id))?.status, 'running')
        hold.open()
        await queue.waitFor(id, soon())
        const job = await queue.get(id)
        assert.deepEqual(job?.progress, { percent: 50 })
        assert.deepEqual(
          job?.logs.map(({ text }) => text),
          ['first', 'second'],
        )
      }),
  },
  {
    name: 'a stop lets what runs end',
    async run(driver) {
      const started = gate()
      const hold = gate()
      let id = ''
      await withQueue(driver, async (queue) => {
        queue.registerHandler('slow', async () => {
          started.open()
          await hold.opened
          return 'ended'
        })
        ;({ id } = await queue.add('slow', {}))
        await started.opened
        const stopping = queue.stop({ timeoutMs: 15_000 })
        hold.open()
        await stopping
        await assert.rejects(queue.add('slow', {}), hasCode('ERR_QUEUE_STOPPED'))
      })
      await withQueue(driver, async (queue) => {
        assert.equal((await queue.get(id))?.status, 'done')
      })
    },
  },
  {
    name: 'a stop puts back what does not end in time, and it runs again at the next start',
    async run(driver) {
      const started = gate()
      let id = ''
      await withQueue(driver, async (queue) => {
        queue.registerHandler('stuck', async ({ signal }) => {
          started.open()
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        })
        ;({ id } = await queue.add('stuck', {}))
        await started.opened
        await queue.stop({ timeoutMs: 10 })
      })
      await withQueue(driver, async (queue) => {
        queue.registerHandler('stuck', ({ attempt }) => attempt)
        assert.equal(await queue.waitFor(id, soon()), 1)
      })
    },
  },
]
