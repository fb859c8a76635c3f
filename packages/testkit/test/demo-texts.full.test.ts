import { dataFolder } from '@pastel-mesh/node'
import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { DEMO_PROGRAMS, DEMO_TOPIC, runDemo } from '../src/demo/run-demo.ts'
import { auditStore } from '../src/mesh/audit-store.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'

it('the demo publishes all lines of its input, again from the first when they are used up', async () => {
  const mesh = await LocalMesh.create({ nodes: 3, topics: [DEMO_TOPIC], programs: DEMO_PROGRAMS })
  onTestFinished(() => mesh.remove())
  await Promise.all(mesh.nodes.map(({ options }) => makeCheapIdentity(options.dataDir)))
  const texts = Array.from({ length: 40 }, (_, i) => `line ${i}`)
  await runDemo(mesh.nodes, { nodes: 3, messages: 50, size: 1, keep: false, texts }, () => {})
  await mesh.stop()
  const { messages } = await auditStore(dataFolder(mesh.nodes[2]?.options.dataDir ?? '').database)
  const stored = [...messages.values()].map(({ body }) => Buffer.from(body).toString())
  expect(stored.sort()).toEqual([...texts, ...texts.slice(0, 10)].sort())
}, 60_000)
