import { describe, expect, it, onTestFinished } from 'vitest'
import { auditStore } from '../../testkit/src/mesh/audit-store.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends a busy node with exit code 0, and everything that it accepted is on its disk', async () => {
    const node = await startNode()
    onTestFinished(() => node.remove())
    const { database, socket } = dataFolder(node.dataDir)
    const client = createControlClient(socket)
    const accepted: string[] = []
    let refused = 0
    const load = Array.from({ length: 4 }, async (_, sender) => {
      for (let i = 0; refused === 0; i += 1) {
        const messages = Array.from({ length: 20 }, (_, j) => ({ text: `${sender}/${i}/${j}` }))
        try {
          accepted.push(
            ...(await client.api.service.messages.publish.mutate({ topic: 'load', messages })).ids,
          )
        } catch {
          refused += 1
        }
      }
    })
    await waitUntil(() => accepted.length > 500, { what: '500 messages to be accepted' })
    const { code, stdout, stderr } = await stopNode(node, signal)
    await Promise.all(load)
    await client.close()

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      new RegExp(
        `${signal}: stopping; once more to stop at once\\n.*: stopped  .*all parts have stopped\\n$`,
      ),
    )
    const audit = await auditStore(database)
    expect(audit.problems).toEqual([])
    const stored = new Set(audit.messages.keys())
    expect(accepted.filter((id) => !stored.has(id))).toEqual([])
    expect(new Set(accepted).size).toBe(accepted.length)
  })
})
