import { describe, expect, it, onTestFinished } from 'vitest'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { finished, spawnCli } from './fixtures/cli.ts'
import { type RunningNode, startNode, stopNode } from './fixtures/running-node.ts'

async function nodeWithMessages(): Promise<RunningNode> {
  const node = await startNode()
  onTestFinished(() => node.remove())
  const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
  // More than a pipe holds.
  const messages = Array.from({ length: 50 }, () => ({ text: 'x'.repeat(10_000) }))
  await api.service.messages.publish.mutate({ topic: 'long', messages })
  await close()
  return node
}

describe('whoever reads the output goes away', () => {
  it('regression: and pmesh messages ends without a word', async () => {
    const node = await nodeWithMessages()
    const child = spawnCli(['messages', '--limit', '50', '--data', node.dataDir])
    const ended = finished(child)
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it('regression: and pmesh publish still publishes everything', async () => {
    const node = await nodeWithMessages()
    const child = spawnCli(['publish', 'lines', '--lines', '--data', node.dataDir])
    const ended = finished(child)
    child.stdout?.destroy()
    child.stdin?.end('line\n'.repeat(5_000))
    expect(await ended).toMatchObject({
      code: 0,
      signal: null,
      stderr: expect.stringContaining('has not joined lines'),
    })
    const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
    expect((await api.admin.status.query()).store.messages).toBe(5_050)
    await close()
  })

  it('regression: and pmesh start runs on', async () => {
    const node = await startNode()
    onTestFinished(() => node.remove())
    node.process.stdout?.destroy()
    // Its first words into the broken pipe are those of the stop.
    expect(await stopNode(node)).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})
