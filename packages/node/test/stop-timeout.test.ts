import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { auditStore } from '../../testkit/src/mesh/audit-store.ts'
import { dataFolder } from '../src/data-folder.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'

it('a stop that takes longer than it may ends with 1 and names the part; the database is closed', async () => {
  const node = await startNode({ args: ['--stop-timeout', '1s'] })
  onTestFinished(() => node.remove())
  const { socket, database } = dataFolder(node.dataDir)
  // A request of which the rest never comes holds up the server for three seconds.
  const request = connect(socket)
  request.on('error', () => {})
  await once(request, 'connect')
  request.write('POST /trpc/service.messages.publish HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{')
  const { code, stdout } = await stopNode(node)
  request.destroy()
  expect(code).toBe(1)
  expect(stdout).toMatch(/ERROR: error .*the server did not stop: it takes longer than 2 s/)
  expect((await auditStore(database)).problems).toEqual([])
})
