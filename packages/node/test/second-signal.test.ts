import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { dataFolder } from '../src/data-folder.ts'
import { startNode } from './fixtures/running-node.ts'

it('a second signal ends a node at once that waits for a request to finish', async () => {
  const node = await startNode()
  onTestFinished(() => node.remove())
  // A request whose body does not come: the stop waits for it, and would then exit with 0.
  const request = connect(dataFolder(node.dataDir).socket)
  request.on('error', () => {})
  await once(request, 'connect')
  request.write('POST /trpc/service.messages.publish HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{')
  // What is answered after it shows that the node has it.
  await statusOf(dataFolder(node.dataDir).socket)

  node.process.kill('SIGTERM')
  await waitUntil(() => node.output().includes('SIGTERM: stopping'), { what: 'the node to begin to stop' })
  node.process.kill('SIGTERM')
  const { code, stdout } = await node.ended
  expect(code).toBe(130)
  expect(stdout).not.toContain('stopped\n')
})

async function statusOf(path: string): Promise<void> {
  const socket = connect(path)
  socket.write('GET /trpc/admin.status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
}
