import { expect, onTestFinished, test } from 'vitest'
import { soon, until } from '../src/conformance/conformance-case.ts'
import { createQueue, type HandlerRetryPolicy, memoryDriver, type Queue } from '../src/index.ts'
import { TestClock } from './fixtures/test-clock.ts'

/** A queue in which `work` fails, once, as a policy has it. */
async function failing(retry: HandlerRetryPolicy): Promise<{ queue: Queue; clock: TestClock; id: string }> {
  const clock = new TestClock()
  const queue = createQueue({ driver: memoryDriver({}, { clock }) }, { clock })
  queue.registerHandler(
    'work',
    ({ attempt }) => {
      if (attempt === 1) throw new Error('not yet')
    },
    { retry },
  )
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  await queue.start()
  const { id } = await queue.add('work', 1)
  await until('its first attempt is over', async () => (await queue.get(id))?.failures === 1)
  return { queue, clock, id }
}

test('a job whose back-off never ends is not tried again', async () => {
  const { queue, id } = await failing({ attempts: 5, backoff: () => Number.POSITIVE_INFINITY })
  await expect(queue.waitFor(id, soon())).rejects.toMatchObject({ code: 'ERR_JOB_FAILED' })
  expect(await queue.get(id)).toMatchObject({ status: 'failed', failures: 1 })
})

test.each<HandlerRetryPolicy>([
  { attempts: 2, backoff: () => 1e300 },
  { attempts: 2, backoff: { type: 'fixed', delayMs: 1e300, maxDelayMs: 1e300 } },
])('a job whose back-off is longer than any time waits for ever, and the queue stops', async (retry) => {
  const { queue, id } = await failing(retry)
  const job = await queue.get(id)
  expect(job).toMatchObject({ status: 'delayed', failures: 1 })
  expect(new Date(job?.runAtMs ?? Number.NaN).getTime()).toBeGreaterThan(Date.UTC(9999, 0))
  await queue.stop()
})

test.each([Number.NaN, -5])('a job whose back-off is no time, %d, is tried again at once', async (wait) => {
  const { queue, id } = await failing({ attempts: 2, backoff: () => wait })
  await queue.waitFor(id, soon())
})

test('a job whose back-off throws is tried again as by default', async () => {
  const backoff = () => {
    throw new Error('no idea')
  }
  const { queue, clock, id } = await failing({ attempts: 2, backoff })
  expect(await queue.get(id)).toMatchObject({ status: 'delayed', runAtMs: clock.now() + 1_000 })
  clock.pass(1_000)
  await queue.waitFor(id, soon())
})

test('an end that cannot be put together is told once, tried again with pauses, and holds up no stop', async () => {
  const clock = new TestClock()
  const broken = new TestClock(1e300)
  let isBroken = false
  let looks = 0
  const odd = {
    now: () => (isBroken ? broken : clock).now(),
    wake: (ms: number, callback: () => void) => {
      looks += 1
      return clock.wake(ms, callback)
    },
  }
  const queue = createQueue({ driver: memoryDriver({}, { clock: odd }) }, { clock })
  const errors: unknown[] = []
  queue.addEventListener('error', ({ detail }) => errors.push(detail))
  queue.registerHandler('work', () => {
    isBroken = true
  })
  await queue.start()
  await queue.add('work', 1)
  await until('it is told', () => errors.length === 1)
  const before = looks
  for (let times = 1; times <= 3; times += 1) {
    clock.pass(100)
    await until('it is tried again', () => looks === before + times)
  }
  expect(errors).toMatchObject([{ code: 'ERR_OUT_OF_RANGE' }])
  const stopped = queue.stop()
  await until('it stops', async () => {
    clock.pass(100)
    return Promise.race([stopped.then(() => true), new Promise<boolean>((r) => setImmediate(r, false))])
  })
})
