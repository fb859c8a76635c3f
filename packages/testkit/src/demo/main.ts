import { LocalMesh } from '../mesh/local-mesh.ts'
import { checkDemo, TABLE_HEAD } from './check-demo.ts'
import { type DemoOptions, readOptions, USAGE } from './options.ts'
import { DEMO_TOPIC, runDemo } from './run-demo.ts'
import { alignRight } from './table.ts'

/** Problems shown; a broken run has thousands. */
const MAX_SHOWN = 10

const beganMs = performance.now()

function say(line: string): void {
  process.stdout.write(`${((performance.now() - beganMs) / 1000).toFixed(1).padStart(6)} s  ${line}\n`)
}

async function demo(options: DemoOptions): Promise<number> {
  const mesh = await LocalMesh.create({ nodes: options.nodes, topics: [DEMO_TOPIC] })
  const end = () => void mesh.remove().finally(() => process.exit(130))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    const run = await runDemo(mesh, options, say)
    await mesh.stop()
    say('all nodes stopped; opening each database and verifying every batch from its bytes')
    const reports = await checkDemo(mesh, run)
    process.stdout.write(`\n${alignRight([TABLE_HEAD, ...reports.map(({ cells }) => cells)])}\n\n`)
    const problems = reports.flatMap(({ problems }, i) =>
      problems.map((problem) => `node ${i + 1}: ${problem}`),
    )
    for (const problem of problems.slice(0, MAX_SHOWN)) process.stdout.write(`${problem}\n`)
    if (options.keep) await keepUp(mesh)
    if (problems.length > 0) {
      say(`FAILED: ${problems.length} problems`)
      return 1
    }
    say(
      `every one of ${run.accepted.size} messages is at every one of ${options.nodes} nodes exactly once, verified`,
    )
    return 0
  } finally {
    await mesh.remove()
  }
}

async function keepUp(mesh: LocalMesh): Promise<void> {
  await Promise.all(mesh.nodes.map((node) => node.start()))
  say('the nodes run again until Ctrl-C; look at them with, for example:')
  for (const { options } of mesh.nodes)
    process.stdout.write(`          npm run pmesh -- status --data ${options.dataDir}\n`)
  await new Promise(() => {})
}

try {
  const options = await readOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(USAGE)
  else process.exitCode = await demo(options)
} catch (error) {
  process.stderr.write(`demo: ${(error as Error).message}\n`)
  process.exitCode = 1
}
