import { expect, onTestFinished, test } from 'vitest'
import { gate, soon, until } from '../src/conformance/conformance-case.ts'
import { createQueue, memoryDriver, type Queue } from '../src/index.ts'

/** A queue that stops as soon as the handler of its job is let go. */
async function stopping(): Promise<{ queue: Queue; stopped: Promise<void>; open: () => void }> {
  const queue = createQueue({ driver: memoryDriver() })
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  const { opened, open } = gate()
  let runs = 0
  queue.registerHandler('work', async () => {
    runs += 1
    await opened
  })
  await queue.start()
  await queue.add('work', 1)
  await until('it runs', () => runs === 1)
  return { queue, stopped: queue.stop(), open }
}

test('a start while it stops starts it when it has stopped', async () => {
  const { queue, stopped, open } = await stopping()
  const started = Promise.all([queue.start(), queue.start()])
  open()
  await stopped
  await started
  const { id } = await queue.add('work', 2)
  await queue.waitFor(id, soon())
})

test('the last word counts: stopped after it was started again, it is stopped', async () => {
  const { queue, stopped, open } = await stopping()
  const started = queue.start()
  const again = queue.stop()
  open()
  await Promise.all([stopped, started, again])
  await expect(queue.add('work', 2)).rejects.toMatchObject({ code: 'ERR_QUEUE_STOPPED' })
})
