import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { QueueError } from '@pastel-mesh/queue'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createController, dataFolder, type NodeController } from '../src/index.ts'
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
    // One writer: what a job and what a message writes are commits of the same.
    const before = next.store.writer.stats.commits
    await next.queue.add('greet', { name: 'again' })
    expect(next.store.writer.stats.commits).toBeGreaterThan(before)
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
    const { queue } = controller
    ;(queue as unknown as EventTarget).dispatchEvent(
      new CustomEvent('error', { detail: new QueueError('ERR_QUEUE_SERVER', 'it is gone') }),
    )
    expect(errors).toMatchObject([{ code: 'ERR_QUEUE_SERVER' }])
  })
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
