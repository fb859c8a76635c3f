import { expect, onTestFinished, test } from 'vitest'
import { liveBytes, liveBytesBelow } from '../../protocol/test/collect-garbage.ts'
import { createQueue, levelDriver } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { FLAT_JOBS } from './fixtures/test-runs.ts'

/** Before memory is looked at: code is compiled, what is kept of finished jobs is full. */
const FIRST_JOBS = 3_000
const TOGETHER = 250
/** For each job that has finished. To keep no more than its id takes more. */
const MAX_BYTES = 40

test(`memory stays flat over ${FLAT_JOBS} finished jobs`, async () => {
  const queue = createQueue({ driver: levelDriver({ directory: await temporaryFolder() }) })
  onTestFinished(() => queue.stop())
  let done = 0
  queue.registerHandler('work', ({ data, log }) => {
    done += 1
    log('done')
    return { length: String(data).length }
  })
  await queue.start()
  const work = async (count: number) => {
    for (let next = 0; next < count; next += TOGETHER) {
      const jobs = Array.from({ length: TOGETHER }, (_, i) => ({
        name: 'work',
        data: `${next + i}`.repeat(50),
        options: { dedupKey: `${done + i}`, expiresAt: Date.now() + 3_600_000 },
      }))
      const added = await queue.addMany(jobs)
      await queue.waitFor(added.at(-1)?.id ?? '')
      await queue.drain()
    }
  }
  await work(FIRST_JOBS)
  const before = await liveBytes()
  await work(FLAT_JOBS)
  const most = before + FLAT_JOBS * MAX_BYTES
  expect(done).toBe(FIRST_JOBS + FLAT_JOBS)
  expect(await liveBytesBelow(most)).toBeLessThan(most)
  // They were finished, and let go of.
  const { done: kept = 0 } = (await queue.counts()).get('work') ?? {}
  expect(kept).toBeLessThan(2_000)
}, 300_000)
