import assert from 'node:assert/strict'
import { UnrecoverableError } from '../errors.ts'
import { type ConformanceCase, hasCode, soon, until, withQueue } from './conformance-case.ts'

export const retryingCases: ConformanceCase[] = [
  {
    name: 'a job that throws is tried again, as often as its policy says, and then is a dead letter',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const attempts: number[] = []
        queue.registerHandler('throws', ({ attempt }) => {
          attempts.push(attempt)
          throw Object.assign(new Error(`attempt ${attempt}`), { code: 'ERR_ODD' })
        })
        const retry = { attempts: 3, backoff: { type: 'fixed', delayMs: 1 } } as const
        const { id } = await queue.add('throws', {}, { retry })
        await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_FAILED'))
        assert.deepEqual(attempts, [1, 2, 3])
        const job = await queue.get(id)
        assert.equal(job?.status, 'failed')
        assert.equal(job?.failures, 3)
        assert.equal(job?.failure?.message, 'attempt 3')
        assert.equal(job?.failure?.code, 'ERR_ODD')
      }),
  },
  {
    name: 'the wait between attempts is what the policy says',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const times: number[] = []
        queue.registerHandler('backs-off', () => {
          times.push(performance.now())
          if (times.length < 3) throw new Error('not yet')
        })
        const retry = { attempts: 3, backoff: { type: 'exponential', delayMs: 150 } } as const
        const { id } = await queue.add('backs-off', {}, { retry })
        await queue.waitFor(id, soon())
        const [first = 0, second = 0, third = 0] = times
        assert.ok(second - first >= 140, `the second came after ${second - first} ms`)
        assert.ok(third - second >= 290, `the third came after ${third - second} ms`)
      }),
  },
  {
    name: 'a handler may say how long to wait',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const asked: unknown[] = []
        queue.registerHandler(
          'decides',
          ({ attempt }) => {
            if (attempt < 3) throw new Error(`no ${attempt}`)
            return attempt
          },
          {
            retry: {
              attempts: 3,
              backoff: (failures, error) => {
                asked.push([failures, (error as Error).message])
                return 1
              },
            },
          },
        )
        const { id } = await queue.add('decides', {})
        assert.equal(await queue.waitFor(id, soon()), 3)
        assert.deepEqual(asked, [
          [1, 'no 1'],
          [2, 'no 2'],
        ])
      }),
  },
  {
    name: 'an unrecoverable error is not tried again',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let runs = 0
        queue.registerHandler('hopeless', () => {
          runs += 1
          throw new UnrecoverableError('there is no such account')
        })
        const { id } = await queue.add('hopeless', {})
        await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_FAILED'))
        assert.equal(runs, 1)
        assert.equal((await queue.get(id))?.failure?.message, 'there is no such account')
      }),
  },
  {
    name: 'an attempt that takes too long fails, and its signal fires',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const reasons: unknown[] = []
        queue.registerHandler(
          'slow',
          async ({ signal, attempt }) => {
            if (attempt === 2) return 'quick'
            await new Promise<void>((resolve) => {
              signal.addEventListener('abort', () => {
                reasons.push((signal.reason as { code: string }).code)
                resolve()
              })
            })
            return 'too late'
          },
          { timeoutMs: 50, retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } },
        )
        const { id } = await queue.add('slow', {})
        assert.equal(await queue.waitFor(id, soon()), 'quick')
        assert.deepEqual(reasons, ['ERR_JOB_TIMEOUT'])
      }),
  },
  {
    name: 'a dead letter that is retried has all its attempts again',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let isMended = false
        const attempts: number[] = []
        queue.registerHandler(
          'mended',
          ({ attempt }) => {
            attempts.push(attempt)
            if (!isMended) throw new Error('broken')
            return 'mended'
          },
          { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } },
        )
        const { id } = await queue.add('mended', {})
        await assert.rejects(queue.waitFor(id, soon()), hasCode('ERR_JOB_FAILED'))
        isMended = true
        assert.equal(await queue.retry(id), true)
        assert.equal(await queue.waitFor(id, soon()), 'mended')
        assert.deepEqual(attempts, [1, 2, 1])
        assert.equal(await queue.retry(id), false)
      }),
  },
  {
    name: 'redrive retries all dead letters of a name',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let isMended = false
        let done = 0
        for (const name of ['one', 'two']) {
          queue.registerHandler(
            name,
            () => {
              if (!isMended) throw new Error('broken')
              done += 1
            },
            { retry: { attempts: 1 } },
          )
          await queue.addMany(Array.from({ length: 5 }, () => ({ name, data: {} })))
        }
        const failed = async (name: string) => (await queue.counts()).get(name)?.failed ?? 0
        await until('all failed', async () => (await failed('one')) === 5 && (await failed('two')) === 5)
        isMended = true
        assert.equal(await queue.redrive({ name: 'one' }), 5)
        await until('five are done', () => done === 5)
        assert.equal(await failed('two'), 5)
      }),
  },
]
