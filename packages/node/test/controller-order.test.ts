import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { dataFolder } from '../src/data-folder.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('the server comes last and goes first, then the queue, the database the other way round', async () => {
  const dataDir = await temporaryFolder()
  const controller = await createController({
    dataDir,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    stop: { timeout: '1s' },
  })
  const { node, store, queue } = controller
  const { socket } = dataFolder(dataDir)
  const seen: { at: string; socket: boolean; jobs: boolean; listening: boolean; database: boolean }[] = []
  let isRunning = false
  queue.registerHandler('look', async ({ signal }) => {
    isRunning = true
    look('job started')
    await once(signal, 'abort')
    look('job told to end')
    isRunning = false
  })
  const look = (at: string) => {
    seen.push({
      at,
      socket: existsSync(socket),
      jobs: isRunning,
      listening: node.addresses().length > 0,
      database: store.writer.isOpen,
    })
  }
  node.addEventListener('start', () => look('node started'))
  node.addEventListener('stop', () => look('node stopped'))

  look('new')
  await controller.start()
  look('started')
  await queue.add('look', null)
  await waitUntil(() => isRunning, { what: 'the job to run' })
  await controller.stop()
  look('stopped')

  expect(seen).toEqual([
    { at: 'new', socket: false, jobs: false, listening: false, database: false },
    { at: 'node started', socket: false, jobs: false, listening: true, database: true },
    { at: 'started', socket: true, jobs: false, listening: true, database: true },
    { at: 'job started', socket: true, jobs: true, listening: true, database: true },
    { at: 'job told to end', socket: false, jobs: true, listening: true, database: true },
    { at: 'node stopped', socket: false, jobs: false, listening: false, database: true },
    { at: 'stopped', socket: false, jobs: false, listening: false, database: false },
  ])
})
