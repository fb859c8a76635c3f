import { createQueue, levelDriver } from '@pastel-mesh/queue'
import { ownMb } from '../memory-use.ts'
import { RandomTexts } from '../random-texts.ts'
import type { Filled, FromChild, Processed, ToChild } from './variants.ts'

/** A process of the benchmark: fills a folder with jobs, or opens one and does them all. */

const NAME = 'job'
/** Jobs that are added together. */
const CHUNK_JOBS = 1_000
const CHUNKS_IN_FLIGHT = 4
/** How often memory is looked at. */
const LOOK_MS = 200

function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}

async function fill({ directory, jobs, sizeBytes }: Extract<ToChild, { type: 'fill' }>): Promise<Filled> {
  const queue = createQueue({ driver: levelDriver({ directory }) })
  await queue.start()
  const texts = new RandomTexts(sizeBytes)
  let next = 0
  const began = performance.now()
  const add = async () => {
    while (next < jobs) {
      const first = next
      next = Math.min(jobs, first + CHUNK_JOBS)
      await queue.addMany(
        Array.from({ length: next - first }, (_, i) => ({
          name: NAME,
          data: { n: first + i, text: texts.next() },
        })),
      )
    }
  }
  await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, add))
  const perSecond = jobs / ((performance.now() - began) / 1000)
  const filled: Filled = { type: 'filled', perSecond, rssMb: rssMb() }
  await queue.stop()
  return filled
}

async function open({ directory, jobs, inFlight }: Extract<ToChild, { type: 'open' }>): Promise<Processed> {
  const queue = createQueue({ driver: levelDriver({ directory }), concurrency: inFlight })
  const first = Promise.withResolvers<number>()
  const all = Promise.withResolvers<void>()
  let done = 0
  queue.registerHandler(NAME, () => first.resolve(performance.now()), { concurrency: inFlight })
  queue.addEventListener('done', () => {
    done += 1
    if (done === jobs) all.resolve()
  })
  queue.addEventListener('error', ({ detail }) => all.reject(detail))
  const began = performance.now()
  await queue.start()
  const openMs = performance.now() - began
  const openRssMb = rssMb()
  let mostMb = openRssMb
  let mostOwnMb = await ownMb()
  const look = async () => {
    mostMb = Math.max(mostMb, rssMb())
    mostOwnMb = Math.max(mostOwnMb, await ownMb())
  }
  const timer = setInterval(look, LOOK_MS)
  const firstMs = (await first.promise) - began
  await all.promise
  const perSecond = jobs / ((performance.now() - began - openMs) / 1000)
  clearInterval(timer)
  await look()
  await queue.stop()
  const memory = { openRssMb, rssMb: mostMb, ownMb: Math.round(mostOwnMb) }
  return { type: 'processed', openMs, firstMs, perSecond, ...memory }
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'end') process.disconnect()
  else {
    const answer: FromChild = message.type === 'fill' ? await fill(message) : await open(message)
    process.send?.(answer)
  }
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
