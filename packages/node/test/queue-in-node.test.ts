import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Queue } from '@pastel-mesh/queue'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type { CheckedQueue } from '../src/config/checked-config.ts'
import { dataFolder, type NodeController } from '../src/index.ts'
import type { SentByJobs } from '../src/jobs/sent-by-jobs.ts'
import { queuePart } from '../src/node-queue.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const listen = ['/ip4/127.0.0.1/tcp/0']

describe('the queue of a node', () => {
  it('does what was added before a restart, in the database that has its messages', async () => {
    const dataDir = await temporaryFolder()
    type Jobs = { greet: { data: { name: string }; result: string } }
    const first = await createController<Jobs>({ dataDir, listen })
    await first.start()
    const { id } = await first.queue.add('greet', { name: 'world' })
    const message = await first.node.publish('prices', { text: 'hello' })
    await first.stop()
    await expect(first.queue.add('greet', { name: 'late' })).rejects.toMatchObject({
      code: 'ERR_QUEUE_STOPPED',
    })

    const next = await createController<Jobs>({ dataDir, listen })
    next.queue.registerHandler('greet', ({ data }) => `hello ${data.name}`)
    await next.start()
    onTestFinished(() => next.stop())
    expect(await next.queue.waitFor(id)).toBe('hello world')
    // One writer, one database: what a job writes is there.
    const before = next.store.writer.stats.operations
    const again = await next.queue.add('greet', { name: 'again' })
    await next.queue.waitFor(again.id)
    expect(await next.store.database.get(Buffer.from(`QR${again.id}`))).toBeDefined()
    expect(next.store.writer.stats.operations).toBeGreaterThan(before)
    const stored = []
    for await (const entry of next.node.messages()) stored.push(entry)
    expect(stored).toMatchObject([{ kind: 'message', id: message.id }])
  })

  it('takes its limits from the configuration', async () => {
    const controller = await createController({
      dataDir: await temporaryFolder(),
      listen,
      queue: { concurrency: 2, retention: { done: { maxCount: 0 } } },
    })
    let running = 0
    let most = 0
    const all = Promise.withResolvers<void>()
    controller.queue.registerHandler('wait', async () => {
      running += 1
      most = Math.max(most, running)
      if (running === 2) all.resolve()
      await all.promise
      running -= 1
    })
    await controller.start()
    onTestFinished(() => controller.stop())
    const jobs = await controller.queue.addMany(
      Array.from({ length: 6 }, () => ({ name: 'wait', data: null })),
    )
    await controller.queue.drain()
    expect(most).toBe(2)
    expect(await controller.queue.get(jobs[0]!.id)).toBeUndefined()
  })

  it('tells what fails and nobody waits for', async () => {
    const errors: Error[] = []
    const controller = await createController(
      { dataDir: await temporaryFolder(), listen },
      { onError: (error) => errors.push(error) },
    )
    await controller.start()
    onTestFinished(() => controller.stop())
    const { queue, store } = controller
    const { id } = await queue.add('work', null)
    // As a later version might keep it.
    const key = Buffer.from(`QJ${id}`)
    await store.writer.commit((operations) => operations.push({ type: 'put', key, value: Buffer.from([9]) }))
    queue.registerHandler('work', () => {})
    await waitUntil(() => errors.length > 0, { what: 'it to be told' })
    expect(errors[0]).toMatchObject({ code: 'ERR_JOB_RECORD' })
  })
})

it('what jobs sent is seen to although the queue fails to stop', async () => {
  let isStopped = false
  const queue = { stop: () => Promise.reject(new Error('it does not stop')) } as unknown as Queue
  const sent = {
    async stop() {
      isStopped = true
    },
  } as unknown as SentByJobs
  const part = queuePart(queue, { driver: 'level' } as CheckedQueue, sent)
  await expect(part.stop(1_000)).rejects.toThrow('it does not stop')
  expect(isStopped).toBe(true)
})

/** A port of this machine at which nobody is. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

it('a server that is not there fails the start, names the setting without its password, and stops the rest', async () => {
  const dataDir = await temporaryFolder()
  const port = await closedPort()
  const controller: NodeController = await createController({
    dataDir,
    listen,
    queue: { driver: `redis://me:hunter2@127.0.0.1:${port}` },
  })
  const error: Error = await controller.start().then(
    () => expect.unreachable('it started'),
    (error) => error,
  )
  expect(error).toMatchObject({ code: 'ERR_QUEUE_SERVER' })
  expect(error.message).toContain(`(queue.driver is redis://me:***@127.0.0.1:${port})`)
  expect(error.message).not.toContain('hunter2')
  expect(controller.store.writer.isOpen).toBe(false)
  expect(controller.node.addresses()).toEqual([])
  expect(existsSync(dataFolder(dataDir).socket)).toBe(false)
})
