import { cp } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'
import type { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { expectNothingLost, settle } from './fixtures/expect-nothing-lost.ts'
import { Said, stores } from './fixtures/said.ts'

const TOPIC = 'superseded'

it('of two nodes with one PastelID the one that started later is in, until the other starts again', async () => {
  const mesh = await LocalMesh.create({ nodes: 3, topics: [TOPIC] })
  onTestFinished(() => mesh.remove())
  const [older, newer, third] = mesh.nodes as [LocalNode, LocalNode, LocalNode]
  for (const { options } of [older, third]) await makeCheapIdentity(options.dataDir)
  await cp(older.options.dataDir, newer.options.dataDir, { recursive: true })
  for (const node of [third, older]) await node.start()
  const said = new Said(TOPIC)
  const first = await said.through(older, 'the older', 3)
  await waitUntil(() => stores(third, first), { what: 'the older to be heard' })

  await newer.start()
  await waitUntil(() => /: refused {7}.*superseded \(by the other\): .*started later/m.test(older.output), {
    what: 'the older to be told',
  })
  await waitUntil(() => /: refused {7}jX\w+: superseded \(by this node\)/m.test(third.output), {
    what: 'the third to be told',
  })
  const second = await said.through(newer, 'the newer', 3)
  await waitUntil(() => stores(third, second), { what: 'the newer to be heard' })
  await expect(said.through(older, 'unheard', 1)).rejects.toMatchObject({
    data: { meshCode: 'ERR_SUPERSEDED' },
  })
  expect(older.output).toMatch(/: superseded .* this one publishes no more/m)

  expect(await newer.end()).toBe(0)
  expect(await older.end()).toBe(0)
  await older.start()
  await settle([older, third], said)
  await newer.start()
  await settle(mesh.nodes, said)
  for (const node of mesh.nodes) expect(await node.end()).toBe(0)
  await expectNothingLost(mesh.nodes, said)
}, 120_000)
