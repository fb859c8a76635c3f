import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { checkDemo } from '../src/demo/check-demo.ts'
import { DEMO_PROGRAMS, DEMO_TOPIC, runDemo } from '../src/demo/run-demo.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'

it('five processes, one late and one restarted, store every message exactly once', async () => {
  const mesh = await LocalMesh.create({ nodes: 5, topics: [DEMO_TOPIC], programs: DEMO_PROGRAMS })
  onTestFinished(() => mesh.remove())
  await Promise.all(mesh.nodes.map(({ options }) => makeCheapIdentity(options.dataDir)))
  const said: string[] = []
  const options = { nodes: 5, messages: 500, size: 256, keep: false }
  const run = await runDemo(mesh.nodes, options, (line) => said.push(line))
  await mesh.stop()
  expect(run.accepted.size).toBe(500)
  expect(run.published).toEqual([100, 100, 100, 100, 100])
  expect(said.filter((line) => /late$|stopped after|again$/.test(line))).toHaveLength(4)
  const reports = await checkDemo(
    mesh.nodes.map((node) => node.options.dataDir),
    run,
  )
  expect(reports.flatMap(({ problems }) => problems)).toEqual([])
  // Stored by each: the fourth column.
  expect(reports.map(({ cells }) => cells[3])).toEqual(['500', '500', '500', '500', '500'])
}, 120_000)
