import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createStore } from '@pastel-mesh/storage'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { dataFolder } from '../src/data-folder.ts'
import { createController } from './fixtures/create-controller.ts'
import { listening } from './fixtures/listening.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** Nothing holds what the node would have held, and a node can be started. */
async function expectNothingRuns(dataDir: string, port: number): Promise<void> {
  await listening({ port })
  expect(existsSync(dataFolder(dataDir).socket)).toBe(false)
  const again = await createController({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  await again.start()
  await again.stop()
}

function address(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`
}

describe('a node that does not start', () => {
  it('because a port is in use says which, and leaves nothing running', async () => {
    const dataDir = await temporaryFolder()
    const [free, taken] = [await freePort(), await listening({ port: 0 })]
    const controller = await createController({ dataDir, listen: [address(free), address(taken)] })
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_LISTEN',
      message: `the node cannot listen on ${address(taken)}: the port is in use by another program: choose another with --listen ADDRESS:PORT`,
    })
    await expectNothingRuns(dataDir, free)
  })

  it('because its database is in use says by whom, and leaves nothing running', async () => {
    const dataDir = await temporaryFolder()
    const port = await freePort()
    const store = createStore({ directory: dataFolder(dataDir).database })
    await store.start()
    onTestFinished(() => store.stop())
    const controller = await createController({ dataDir, listen: [address(port)] })
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_STORE_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await store.stop()
    await expectNothingRuns(dataDir, port)
  })

  it('because its socket is in use says so, leaves it alone and nothing running', async () => {
    const dataDir = await temporaryFolder()
    const port = await freePort()
    const { socket } = dataFolder(dataDir)
    const controller = await createController({ dataDir, listen: [address(port)] })
    await listening({ path: socket })
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_SOCKET_IN_USE',
      message: expect.stringContaining(socket),
    })
    expect(existsSync(socket)).toBe(true)
    await listening({ port })
    const store = createStore({ directory: dataFolder(dataDir).database })
    await store.start()
    await store.stop()
  })

  it('because its member file is wrong names the line, and leaves nothing running', async () => {
    const dataDir = await temporaryFolder()
    const port = await freePort()
    const { members } = dataFolder(dataDir)
    const controller = await createController({ dataDir, listen: [address(port)] })
    await writeFile(members, '# mine\nnobody\n')
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_MEMBER_FILE',
      message: `${members}, line 2: "nobody" is not a PastelID`,
    })
    await writeFile(members, '')
    await expectNothingRuns(dataDir, port)
  })

  it('does not start later either: that takes a new controller', async () => {
    const dataDir = await temporaryFolder()
    const store = createStore({ directory: dataFolder(dataDir).database })
    await store.start()
    const controller = await createController({ dataDir, listen: [address(0)] })
    await expect(controller.start()).rejects.toMatchObject({ code: 'ERR_STORE_LOCKED' })
    await store.stop()
    // Every call gets the first failure or this one; none pretends that the node runs.
    await expect(controller.start()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    await expect(controller.stop()).resolves.toBeUndefined()
  })
})
