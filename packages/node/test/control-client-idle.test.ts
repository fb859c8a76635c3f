import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createControlClient } from '../src/control-client.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('regression: a connection is given up before the node may close it under a call', async () => {
  const path = join(await temporaryFolder(), 'node.sock')
  const server = createServer((_, response) => response.end('{"result":{"data":{"json":{}}}}'))
  // It would keep connections for ever, and says so.
  server.keepAliveTimeout = 1_000_000
  let open = 0
  server.on('connection', (socket) => {
    open += 1
    socket.once('close', () => {
      open -= 1
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => void server.close())
  const client = createControlClient(path)
  onTestFinished(() => client.close())
  await client.api.admin.status.query()
  expect(open).toBe(1)
  // A node closes them after 5 seconds.
  await waitUntil(() => open === 0, { what: 'the client to close its connection', timeoutMs: 4_500 })
})
