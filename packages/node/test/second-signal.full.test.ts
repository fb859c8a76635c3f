import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { dataFolder } from '../src/data-folder.ts'
import { type RunningNode, startNode } from './fixtures/running-node.ts'

const BODY = JSON.stringify({ json: { topic: 'prices', messages: [{ text: 'hello' }] } })

/** A node that got a signal and waits for a request of which half has come. */
async function stoppingNode(signal: NodeJS.Signals): Promise<{ node: RunningNode; request: Socket }> {
  const node = await startNode()
  onTestFinished(() => node.remove())
  const { socket } = dataFolder(node.dataDir)
  const request = connect(socket)
  request.on('error', () => {})
  await once(request, 'connect')
  request.write(
    `POST /trpc/service.messages.publish HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
      `content-length: ${BODY.length}\r\n\r\n${BODY.slice(0, 10)}`,
  )
  // What is answered after it shows that the node has it.
  const status = connect(socket)
  status.write('GET /trpc/admin.status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  status.resume()
  await once(status, 'end')
  node.process.kill(signal)
  await waitUntil(() => node.output().includes(`${signal}: stopping`), {
    what: 'the node to begin to stop',
    everyMs: 1,
  })
  return { node, request }
}

describe('a second signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends a node at once that waits for a request to finish',
    async (signal) => {
      const { node } = await stoppingNode(signal)
      // Until it is taken for another one.
      const sending = setInterval(() => node.process.kill(signal), 50)
      onTestFinished(() => clearInterval(sending))
      const { code, stdout } = await node.ended
      // Otherwise the node would cut the request off after a while, and exit with 0.
      expect(code).toBe(130)
      expect(stdout).not.toContain('have stopped\n')
    },
  )

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'regression: that is the same %s, from npm, does not',
    async (signal) => {
      const { node, request } = await stoppingNode(signal)
      node.process.kill(signal)
      request.write(BODY.slice(10))
      const [answer] = await once(request, 'data')
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      const { code, stdout } = await node.ended
      expect(code).toBe(0)
      expect(stdout).toMatch(/all parts have stopped\n$/)
    },
  )
})
