import { RandomTexts } from '../random-texts.ts'
import { createEndpoint } from './endpoint.ts'
import type { FromChild, Task, ToChild } from './variants.ts'

/** The process of the benchmark that adds jobs and processes them. */

async function work(task: Task): Promise<FromChild> {
  const { inFlight, jobs, warmUp, sizeBytes } = task
  const texts = new RandomTexts(sizeBytes)
  let free = inFlight
  let done = 0
  let wake = () => {}
  const endpoint = await createEndpoint(task, () => {
    free += 1
    done += 1
    wake()
  })
  const changed = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })

  /** A job takes a place from the call of `add` until it was processed and its end is recorded. */
  const runJobs = async (count: number) => {
    const end = done + count
    const acknowledged: Promise<unknown>[] = []
    for (let n = 0; n < count; n += 1) {
      while (free === 0) await changed()
      free -= 1
      acknowledged.push(endpoint.add({ n, text: texts.next() }))
    }
    await Promise.all(acknowledged)
    while (done < end) await changed()
  }

  await runJobs(warmUp)
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  await runJobs(jobs)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
  await endpoint.stop()
  return {
    type: 'finished',
    perSecond: jobs / seconds,
    rssMb,
    cpuMs: Math.round((user + system) / 1000),
  }
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'task') process.send?.(await work(message.task))
  else process.disconnect()
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
