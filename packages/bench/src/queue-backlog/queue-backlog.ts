import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchProcess } from '../child-process.ts'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'
import type { Filled, FromChild, Processed, ToChild } from './variants.ts'

/** From the call of `start` to the first job in its handler, however many wait. */
const BUDGET_FIRST_MS = 1_500
const IN_FLIGHT = 64
/** The baseline: a backlog so many times smaller. What it costs more is the cost of the backlog. */
const SMALLER = 100

interface Result {
  readonly filled: Filled
  readonly processed: Processed
}

/**
 * One process fills a folder with jobs and ends; another opens it and does them all: how long it takes to open, what
 * memory it takes, and how fast the jobs are done. And the same with a small backlog. In turn.
 */
export async function queueBacklog(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '3' },
      jobs: { type: 'string', default: '1000000' },
      size: { type: 'string', default: '256' },
    },
  })
  const runs = Number(values.runs)
  const jobs = Number(values.jobs)
  const sizeBytes = Number(values.size)
  const counts = [jobs, Math.max(1, Math.round(jobs / SMALLER))]
  const machine = await measureMachine()
  const results = counts.map((): Result[] => [])
  for (let run = 1; run <= runs; run += 1) {
    for (const [i, count] of counts.entries()) {
      const result = await measure(count, sizeBytes)
      results[i]?.push(result)
      process.stdout.write(`run ${run}  ${row(count, figuresOf([result]))}  load ${loadAverage()}\n`)
    }
  }
  process.stdout.write(
    `\nmedian of ${runs}, ${sizeBytes}-byte jobs, ${machine.cpu}, ${machine.cores} cores\n`,
  )
  for (const [i, count] of counts.entries()) {
    process.stdout.write(`       ${row(count, figuresOf(results[i] ?? []))}\n`)
  }
  const ours = figuresOf(results[0] ?? [])
  const baseline = figuresOf(results[1] ?? [])
  const summary = {
    bench: 'queue-backlog',
    unit: 'jobs/s',
    ours: Math.round(ours.perSecond),
    baseline: Math.round(baseline.perSecond),
    fill: Math.round(ours.fillPerSecond),
    open_ms: round(ours.openMs),
    first_ms: round(ours.firstMs),
    baseline_first_ms: round(baseline.firstMs),
    rss_mb: ours.rssMb,
    open_rss_mb: ours.openRssMb,
    baseline_rss_mb: baseline.rssMb,
    own_mb: ours.ownMb,
    baseline_own_mb: baseline.ownMb,
    jobs,
    size_bytes: sizeBytes,
    runs,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld: ours.firstMs <= BUDGET_FIRST_MS }
}

async function measure(jobs: number, sizeBytes: number): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const directory = join(folder, 'jobs')
  try {
    const filled = await withChild((child) =>
      child.ask({ type: 'fill', directory, jobs, sizeBytes }, 'filled'),
    )
    const processed = await withChild((child) =>
      child.ask({ type: 'open', directory, jobs, inFlight: IN_FLIGHT }, 'processed'),
    )
    return { filled, processed }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function withChild<T>(use: (child: BenchProcess<ToChild, FromChild>) => Promise<T>): Promise<T> {
  const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
  try {
    return await use(child)
  } finally {
    await child.end({ type: 'end' })
  }
}

function figuresOf(results: readonly Result[]) {
  const of = (pick: (result: Result) => number) => median(results.map(pick))
  return {
    fillPerSecond: of(({ filled }) => filled.perSecond),
    openMs: of(({ processed }) => processed.openMs),
    firstMs: of(({ processed }) => processed.firstMs),
    openRssMb: of(({ processed }) => processed.openRssMb),
    perSecond: of(({ processed }) => processed.perSecond),
    rssMb: of(({ processed }) => processed.rssMb),
    ownMb: of(({ processed }) => processed.ownMb),
  }
}

function row(jobs: number, figures: ReturnType<typeof figuresOf>): string {
  const { fillPerSecond, openMs, firstMs, perSecond, openRssMb, rssMb, ownMb } = figures
  const rate = (value: number) => Math.round(value).toLocaleString('en-US').padStart(8)
  return [
    `${jobs.toLocaleString('en-US').padStart(9)} waiting`,
    `filled ${rate(fillPerSecond)}/s`,
    `open ${openMs.toFixed(0)} ms, first job ${firstMs.toFixed(0)} ms, ${openRssMb} MB`,
    `done ${rate(perSecond)} jobs/s, ${rssMb} MB, ${ownMb} MB of it its own`,
  ].join('  ')
}
