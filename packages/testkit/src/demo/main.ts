import { once } from 'node:events'
import { table } from '@pastel-mesh/node'
import { LocalMesh } from '../mesh/local-mesh.ts'
import { checkDemo, TABLE_HEAD } from './check-demo.ts'
import type { JobsRun } from './check-jobs.ts'
import { type DemoOptions, readOptions, USAGE } from './options.ts'
import { describePasteldRun, runPasteldDemo } from './pasteld-demo.ts'
import { DEMO_PROGRAMS, DEMO_TOPIC, runDemo } from './run-demo.ts'
import type { DirectRun } from './send-direct.ts'

/** Problems shown; a broken run has thousands. */
const MAX_SHOWN = 10
/** Exit code of a demo that a signal ended. */
const EXIT_INTERRUPTED = 130

const beganMs = performance.now()

function say(line: string): void {
  process.stdout.write(`${((performance.now() - beganMs) / 1000).toFixed(1).padStart(6)} s  ${line}\n`)
}

async function pasteldDemo({ nodes, messages }: DemoOptions, interrupted: AbortSignal): Promise<number> {
  const run = await runPasteldDemo({ supernodes: nodes, messages }, say, interrupted)
  process.stdout.write(`\n${describePasteldRun(run)}\n\n`)
  const { problems, results } = run
  for (const problem of problems.slice(0, MAX_SHOWN)) process.stdout.write(`${problem}\n`)
  const received = results.reduce((sum, one) => sum + one.received, 0)
  say(
    problems.length > 0
      ? `FAILED: ${problems.length} problems`
      : `every one of ${received} messages is where it was sent exactly once, from whom it was, through cores of which one restarted twice`,
  )
  return problems.length > 0 ? 1 : 0
}

async function demo(options: DemoOptions, interrupted: AbortSignal): Promise<number> {
  const mesh = await LocalMesh.create({
    nodes: options.nodes,
    topics: [DEMO_TOPIC],
    transports: ['tcp', 'ws'],
    programs: DEMO_PROGRAMS,
  })
  const removeNow = () => mesh.removeNow()
  process.once('exit', removeNow)
  try {
    const run = await runDemo(mesh.nodes, options, say, interrupted)
    await mesh.stop()
    say('all nodes stopped; opening each database and verifying every batch from its bytes')
    const reports = await checkDemo(
      mesh.nodes.map((node) => node.options.dataDir),
      run,
    )
    const rows = [TABLE_HEAD, ...reports.map(({ cells }) => cells)]
    process.stdout.write(`\n${table(rows, { align: 'right' })}\n\n`)
    const { jobs } = run
    const problems = [
      ...reports.flatMap(({ problems }, i) => problems.map((problem) => `node ${i + 1}: ${problem}`)),
      ...(jobs?.problems ?? []).map((problem) => `node ${(jobs?.node ?? 0) + 1}: ${problem}`),
    ]
    for (const problem of problems.slice(0, MAX_SHOWN)) process.stdout.write(`${problem}\n`)
    if (problems.length === 0 && run.direct !== undefined) say(describeDirect(run.direct))
    if (problems.length === 0 && jobs !== undefined) say(describeJobs(jobs))
    say(
      problems.length > 0
        ? `FAILED: ${problems.length} problems`
        : `every one of ${run.accepted.size} messages is at every one of ${options.nodes} nodes exactly once, verified`,
    )
    if (options.keep) await keepUp(mesh, interrupted)
    return problems.length > 0 ? 1 : 0
  } finally {
    await mesh.remove()
    process.off('exit', removeNow)
  }
}

function describeDirect({ sender, recipient, accepted }: DirectRun): string {
  return `every one of ${accepted.size} direct messages of node ${sender + 1} is at node ${recipient + 1} exactly once, although the two never met meanwhile, and no other node can read one`
}

function describeJobs({ node, done }: JobsRun): string {
  return `every message made exactly one job at node ${node + 1}, which was restarted meanwhile: ${done} jobs, all done`
}

/** Runs the nodes until a signal comes. */
async function keepUp(mesh: LocalMesh, interrupted: AbortSignal): Promise<void> {
  await Promise.all(mesh.nodes.map((node) => node.start({ signal: interrupted })))
  say('the nodes run again until Ctrl-C; look at them with, for example:')
  for (const { options } of mesh.nodes)
    process.stdout.write(`          npm run pmesh -- status --data ${options.dataDir}\n`)
  if (!interrupted.aborted) await once(interrupted, 'abort')
}

/** Aborts at the first signal, for an end in good order; the second ends the process at once. */
function onSignal(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    controller.abort(new Error('interrupted'))
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return controller.signal
}

/** What failed, and why. */
function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message.trimEnd()}\n${describe(cause)}` : message
}

const interrupted = onSignal()
try {
  const options = await readOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(USAGE)
  else process.exitCode = await (options.pasteld ? pasteldDemo : demo)(options, interrupted)
} catch (error) {
  // The nodes got the terminal's signal too, so that calls to them may have failed before this process noticed.
  const message = interrupted.aborted ? 'interrupted' : describe(error as Error)
  process.stderr.write(`demo: ${message}\n`)
  process.exitCode = interrupted.aborted ? EXIT_INTERRUPTED : 1
}
process.exit()
