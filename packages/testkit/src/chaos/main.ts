import { appendFileSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingForSmallDisks } from '../faults/small-disk.ts'
import { missingForNamespaces } from './network/namespace.ts'
import { missingForOwnAddresses } from './network/own-address.ts'
import { type ChaosArguments, readOptions, USAGE } from './options.ts'
import { reportTable } from './report.ts'
import { runChaos } from './run-chaos.ts'
import { makeSchedule } from './schedule.ts'

/** Problems shown; all are in the folder's log. */
const MAX_SHOWN = 20
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

const beganMs = performance.now()

async function chaos(options: ChaosArguments, signal: AbortSignal): Promise<number> {
  const { seed, members, messagesPerSecond, retention, netns } = options
  const missingNetwork = netns ? missingForNamespaces() : missingForOwnAddresses()
  if (missingNetwork !== undefined) throw new Error(missingNetwork)
  const folder = mkdtempSync(join(tmpdir(), 'pmesh-chaos-'))
  const log = `${folder}.log`
  const say = (line: string) => {
    const text = `${((performance.now() - beganMs) / 1000).toFixed(1).padStart(7)} s  ${line}\n`
    process.stdout.write(text)
    appendFileSync(log, text)
  }
  const missing = missingForSmallDisks()
  if (missing !== undefined) say(missing)
  const kinds = options.kinds.filter((kind) => kind !== 'disk' || missing === undefined)
  const durationMs = options.minutes * 60_000
  const schedule = makeSchedule({ seed, durationMs, members, kinds, retention })
  say(`seed ${seed}, ${members} members, ${schedule.faults.length} faults in ${options.minutes} minutes`)
  let isClean = false
  try {
    const result = await runChaos(
      { schedule, seed, folder, hasNamespaces: netns, messagesPerSecond, signal },
      { say },
    )
    for (const problem of result.problems) appendFileSync(log, `${problem}\n`)
    process.stdout.write(`\n${reportTable(result)}\n\n`)
    for (const problem of result.problems.slice(0, MAX_SHOWN)) process.stdout.write(`${problem}\n`)
    isClean = result.problems.length === 0
    const { problems, ...figures } = result
    process.stdout.write(`${JSON.stringify({ ...options, unexplained: problems.length, ...figures })}\n`)
  } finally {
    if (isClean && !options.keep) {
      await rm(folder, { recursive: true, force: true })
      await rm(log, { force: true })
    } else {
      process.stderr.write(`the folders of the members are in ${folder}, what was said is in ${log}\n`)
    }
  }
  return isClean ? 0 : 1
}

const interrupted = new AbortController()
let exitCode = 1
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    exitCode = EXIT_CODES[name]
    // Nothing outlives this process either way.
    if (interrupted.signal.aborted) process.exit(exitCode)
    interrupted.abort(new Error('interrupted'))
  })
}
try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(USAGE)
  else process.exitCode = await chaos(options, interrupted.signal)
} catch (error) {
  process.stderr.write(`chaos: ${(error as Error).message}\n`)
  process.exitCode = exitCode
}
process.exit()
