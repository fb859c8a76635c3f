import { cp } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { freePort } from '../src/mesh/free-port.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'
import { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { expectNothingLost, settle } from './fixtures/expect-nothing-lost.ts'
import { alertKinds, Said, stores } from './fixtures/said.ts'

const TOPIC = 'copied'

it('a folder that runs twice loses nothing of either branch while both run, and everybody is told', async () => {
  const mesh = await LocalMesh.create({ nodes: 3, topics: [TOPIC] })
  onTestFinished(() => mesh.remove())
  const [original, ...others] = mesh.nodes as [LocalNode, LocalNode, LocalNode]
  const { dataDir } = original.options
  const copy = new LocalNode({ ...original.options, dataDir: `${dataDir}-copy`, port: await freePort() })
  onTestFinished(async () => void (await copy.end()))
  await Promise.all(mesh.nodes.map(({ options }) => makeCheapIdentity(options.dataDir)))
  await Promise.all(mesh.nodes.map((node) => node.start()))
  const said = new Said(TOPIC)
  await said.through(original, 'before the copy', 3)
  await settle(mesh.nodes, said)
  expect(await original.end()).toBe(0)
  await cp(dataDir, copy.options.dataDir, { recursive: true })
  await original.start()
  await copy.start()

  const both = [
    ...(await said.through(original, 'the original', 5)),
    ...(await said.through(copy, 'the copy', 5)),
  ]
  const all = [original, copy, ...others]
  for (const node of all) {
    await waitUntil(() => stores(node, both), { what: 'both branches everywhere', timeoutMs: 90_000 })
  }
  for (const node of [original, copy]) {
    expect(await alertKinds(node)).toEqual(['own-identity'])
    expect(node.output).toMatch(/: alert {9}this node: .*stop one of the two/m)
  }
  for (const node of others) {
    expect(await alertKinds(node)).toEqual(['fork'])
    expect(node.output).toMatch(/: alert {9}jX\w+: it branches in copied/m)
    await waitUntil(() => /: runs twice {4}jX\w+: /m.test(node.output), {
      what: 'the third nodes to be told',
    })
  }
  for (const node of all) expect(await node.end()).toBe(0)
  await expectNothingLost(all, said)
}, 150_000)
