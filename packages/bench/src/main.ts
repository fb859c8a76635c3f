import { api } from './api/api.ts'
import { broadcast } from './broadcast/broadcast.ts'
import { catchup } from './catchup/catchup.ts'
import { direct } from './direct/direct.ts'
import { history } from './history/history.ts'
import { idle } from './idle/idle.ts'
import { latency } from './latency/latency.ts'
import type { Outcome } from './outcome.ts'
import { queue } from './queue/queue.ts'
import { queueBacklog } from './queue-backlog/queue-backlog.ts'
import { scale } from './scale/scale.ts'
import { slowSigner } from './slow-signer/slow-signer.ts'
import { soak } from './soak/soak.ts'
import { start } from './start/start.ts'

/** The benchmarks by name; each prints a table, and its figures become the last line, of JSON. */
const BENCHMARKS: Record<string, (args: readonly string[]) => Promise<Outcome>> = {
  api,
  broadcast,
  catchup,
  direct,
  history,
  idle,
  latency,
  queue,
  'queue-backlog': queueBacklog,
  scale,
  'slow-signer': slowSigner,
  soak,
  start,
}

const [name = '', ...args] = process.argv.slice(2)
const run = BENCHMARKS[name]
if (run === undefined) {
  process.stderr.write(
    `Usage: npm run bench -- <name>\n\nBenchmarks: ${Object.keys(BENCHMARKS).join(', ')}\n`,
  )
  process.exitCode = 1
} else {
  const { summary, isHeld } = await run(args)
  process.stdout.write(
    `budget ${isHeld ? 'held' : 'MISSED'}\n${JSON.stringify({ ...summary, held: isHeld })}\n`,
  )
  process.exitCode = isHeld ? 0 : 1
}
