import { cp, rm } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'
import type { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { expectNothingLost, settle } from './fixtures/expect-nothing-lost.ts'
import { alertKinds, Said } from './fixtures/said.ts'

const TOPIC = 'restored'

it('an older copy of a folder that is put back loses nothing of either branch, and everybody is told', async () => {
  const mesh = await LocalMesh.create({ nodes: 3, topics: [TOPIC] })
  onTestFinished(() => mesh.remove())
  await Promise.all(mesh.nodes.map(({ options }) => makeCheapIdentity(options.dataDir)))
  const [restored, ...others] = mesh.nodes as [LocalNode, LocalNode, LocalNode]
  await Promise.all(mesh.nodes.map((node) => node.start()))
  const said = new Said(TOPIC)
  await said.through(restored, 'before the backup', 5)
  await settle(mesh.nodes, said)

  const { dataDir } = restored.options
  const backup = `${dataDir}-backup`
  expect(await restored.end()).toBe(0)
  await cp(dataDir, backup, { recursive: true })
  await restored.start()
  await said.through(restored, 'after the backup', 5)
  await settle(mesh.nodes, said)
  expect(await restored.end()).toBe(0)

  await rm(dataDir, { recursive: true })
  await cp(backup, dataDir, { recursive: true })
  await restored.start()
  await said.through(restored, 'after the restore', 5)
  await settle(mesh.nodes, said)
  for (const node of others) {
    await waitUntil(async () => (await alertKinds(node)).includes('fork'), { what: 'a fork to be noticed' })
    expect(node.output).toMatch(/: alert {9}jX\w+: it branches in restored/m)
  }
  expect(await alertKinds(restored)).toEqual(['own-identity'])
  expect(restored.output.match(/: alert {9}this node: in restored .*$/gm)).toHaveLength(1)
  for (const node of mesh.nodes) expect(await node.end()).toBe(0)
  await expectNothingLost(mesh.nodes, said)
}, 90_000)
