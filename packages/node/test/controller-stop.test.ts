import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import type { NodeController } from '../src/index.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function make(): Promise<NodeController> {
  return createController({ dataDir: await temporaryFolder(), listen: ['/ip4/127.0.0.1/tcp/0'] })
}

function runs({ node, store, config }: NodeController): boolean[] {
  return [existsSync(dataFolder(config.dataDir).socket), node.addresses().length > 0, store.writer.isOpen]
}

describe('a controller', () => {
  it('that is started twice at once starts once', async () => {
    const controller = await make()
    let starts = 0
    controller.node.addEventListener('start', () => {
      starts += 1
    })
    await Promise.all([controller.start(), controller.start()])
    expect(runs(controller)).toEqual([true, true, true])
    expect(starts).toBe(1)
    await controller.start()
    await controller.stop()
    expect(runs(controller)).toEqual([false, false, false])
  })

  it('has stopped when any of several stops resolves', async () => {
    const controller = await make()
    await controller.start()
    void controller.stop()
    await controller.stop()
    expect(runs(controller)).toEqual([false, false, false])
    await controller.stop()
  })

  it('that was never started can be stopped, and started after that', async () => {
    const controller = await make()
    await controller.stop()
    await controller.start()
    expect(runs(controller)).toEqual([true, true, true])
    await controller.stop()
    expect(runs(controller)).toEqual([false, false, false])
  })

  it('that is stopped while it starts leaves nothing running', async () => {
    const controller = await make()
    const starting = controller.start()
    const outcome = expect(starting).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    await controller.stop()
    await outcome
    expect(runs(controller)).toEqual([false, false, false])
  })

  it('that was stopped says so when it is started again; another one on the folder goes on', async () => {
    const controller = await make()
    await controller.start()
    const { id } = await controller.node.publish('prices', { text: 'hello' })
    await controller.stop()
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_STOPPED',
      message: expect.stringContaining('make a new controller'),
    })
    const { dataDir, listen } = controller.config
    const next = await createController({ dataDir, listen })
    await next.start()
    const stored: unknown[] = []
    for await (const entry of next.node.messages()) stored.push(entry)
    expect(stored).toMatchObject([{ kind: 'message', id }])
    await next.stop()
  })
})
