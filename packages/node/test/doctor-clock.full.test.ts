import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { diagnosed } from './fixtures/doctor.ts'
import { type RunningNode, startNode } from './fixtures/running-node.ts'

const SHIFTED = fileURLToPath(new URL('../../testkit/src/chaos/shifted-clock.ts', import.meta.url))

const nodes: RunningNode[] = []
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.remove()))
})

async function addressOf(node: RunningNode): Promise<string> {
  const client = createControlClient(dataFolder(node.dataDir).socket)
  const { addresses } = await client.api.admin.status.query()
  await client.close()
  return addresses[0] ?? ''
}

it('a node whose clock is a minute and a half ahead is told so by its peers, and they by theirs that all is well', async () => {
  const start = async (bootstrap: readonly string[], env: Record<string, string> = {}) => {
    const args = [
      '--members',
      'open',
      '--many-peers-per-host',
      ...bootstrap.flatMap((one) => ['--bootstrap', one]),
    ]
    const node = await startNode({ args, env })
    nodes.push(node)
    return node
  }
  const alice = await start([])
  const bob = await start([await addressOf(alice)])
  const bootstrap = [await addressOf(alice), await addressOf(bob)]
  const ahead = await start(bootstrap, { NODE_OPTIONS: `--import=${SHIFTED}`, PMESH_CHAOS_CLOCK_MS: '90000' })
  const client = createControlClient(dataFolder(ahead.dataDir).socket)
  await waitUntil(async () => (await client.api.admin.status.query()).standing.clock.peers === 2, {
    what: 'both peers to be measured',
  })
  await client.close()
  const wrong = await diagnosed(['--data', ahead.dataDir])
  expect(wrong.code).toBe(1)
  expect(wrong.of('clock')).toMatchObject([
    {
      state: 'failed',
      message: expect.stringMatching(/^it is (89|90|91) s ahead of those of 2 peers: nothing is published/),
      advice: expect.stringContaining('timedatectl set-ntp true'),
      measured: { peers: 2 },
    },
  ])
  const right = await diagnosed(['--data', alice.dataDir])
  expect(right.of('clock')).toMatchObject([{ state: 'ok', measured: { peers: 2 } }])
  expect(right.of('address')).toContainEqual(expect.objectContaining({ message: '2 peers connected' }))
})
