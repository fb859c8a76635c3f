import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { createController } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('the server comes last and goes first, the database the other way round', async () => {
  const dataDir = await temporaryFolder()
  const controller = await createController({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  const { node, store } = controller
  const { socket } = dataFolder(dataDir)
  const seen: { at: string; socket: boolean; listening: boolean; database: boolean }[] = []
  const look = (at: string) => {
    seen.push({
      at,
      socket: existsSync(socket),
      listening: node.addresses().length > 0,
      database: store.writer.isOpen,
    })
  }
  node.addEventListener('start', () => look('node started'))
  node.addEventListener('stop', () => look('node stopped'))

  look('new')
  await controller.start()
  look('started')
  await controller.stop()
  look('stopped')

  expect(seen).toEqual([
    { at: 'new', socket: false, listening: false, database: false },
    { at: 'node started', socket: false, listening: true, database: true },
    { at: 'started', socket: true, listening: true, database: true },
    { at: 'node stopped', socket: false, listening: false, database: true },
    { at: 'stopped', socket: false, listening: false, database: false },
  ])
})
