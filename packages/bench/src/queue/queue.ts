import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchProcess } from '../child-process.ts'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'
import { missingFor, type Server, startPostgresql, startRedis } from './servers.ts'
import { type Finished, type FromChild, type ToChild, VARIANTS, type Variant } from './variants.ts'

/** Jobs a second, and how many times those of BullMQ on a Redis that syncs every second; at so many in flight. */
const BUDGET = { inFlight: 64, perSecond: 15_000, ratio: 2 }
const IN_FLIGHT = [16, 64, 256]

/** The jobs before the clock runs, as a part of those that count; and not fewer than are in flight. */
const WARM_UP_SHARE = 0.1

/**
 * One process adds jobs and processes them with a handler that does nothing, so many at a time in flight: from the call
 * of `add`, which resolves when the job is kept, until it was processed. Ours against BullMQ on servers of its own; in
 * turn, so that noise hits all alike. Each run begins with nothing on the disk.
 */
export async function queue(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      jobs: { type: 'string', default: '100000' },
      size: { type: 'string', default: '256' },
      only: { type: 'string' },
    },
  })
  const runs = Number(values.runs)
  const jobs = Number(values.jobs)
  const sizeBytes = Number(values.size)
  const variants = chosen(values.only)
  const machine = await measureMachine()
  const results = new Map<string, Finished[]>()
  for (let run = 1; run <= runs; run += 1) {
    for (const inFlight of IN_FLIGHT) {
      for (const variant of variants) {
        const sizes = { inFlight, jobs: jobsOf(variant, jobs, inFlight), sizeBytes }
        const result = await runVariant(variant, sizes)
        const key = `${variant.key} ${inFlight}`
        results.set(key, [...(results.get(key) ?? []), result])
        process.stdout.write(
          `run ${run}  ${row(variant.name, inFlight, result.perSecond)}  load ${loadAverage()}\n`,
        )
      }
    }
  }
  process.stdout.write(
    `\nmedian of ${runs}, ${sizeBytes}-byte jobs, ${machine.cpu}, ${machine.cores} cores\n`,
  )
  const figures: Record<string, number> = {}
  for (const variant of variants) {
    for (const inFlight of IN_FLIGHT) {
      const found = results.get(`${variant.key} ${inFlight}`) ?? []
      const perSecond = median(found.map((result) => result.perSecond))
      const count = jobsOf(variant, jobs, inFlight)
      const cpuUs = median(found.map(({ cpuMs }) => (cpuMs * 1000) / count))
      figures[`${variant.key}_${inFlight}`] = Math.round(perSecond)
      process.stdout.write(
        `${row(variant.name, inFlight, perSecond)}  ${round(cpuUs).toString().padStart(7)} µs of CPU a job\n`,
      )
    }
  }
  const ours = figures[`level_${BUDGET.inFlight}`]
  const baseline = figures[`redis_everysec_${BUDGET.inFlight}`]
  const summary = {
    bench: 'queue',
    unit: 'jobs/s',
    ...(ours === undefined ? {} : { ours }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(ours === undefined || baseline === undefined ? {} : { ratio: round(ours / baseline) }),
    ...figures,
    ...(ours === undefined ? {} : { rss_mb: median(rssOf(results.get(`level ${BUDGET.inFlight}`))) }),
    jobs,
    size_bytes: sizeBytes,
    runs,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  const isHeld =
    ours !== undefined &&
    baseline !== undefined &&
    ours >= BUDGET.perSecond &&
    ours >= BUDGET.ratio * baseline
  return { summary, isHeld }
}

function jobsOf({ share }: Variant, jobs: number, inFlight: number): number {
  return Math.max(inFlight, Math.round(jobs * share))
}

function rssOf(results: readonly Finished[] = []): number[] {
  return results.map(({ rssMb }) => rssMb)
}

/** The variants whose servers are there; what is missing is said. */
function chosen(only: string | undefined): readonly Variant[] {
  const keys = only?.split(',')
  const unknown = keys?.find((key) => VARIANTS.every((variant) => variant.key !== key))
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: give ${VARIANTS.map(({ key }) => key).join(', ')}`)
  }
  return VARIANTS.filter(({ key, name, server }) => {
    if (keys !== undefined && !keys.includes(key)) return false
    const missing = server === undefined ? undefined : missingFor(server)
    if (missing !== undefined) process.stdout.write(`left out: ${name}: there is no ${missing}\n`)
    return missing === undefined
  })
}

async function runVariant(
  { key }: Variant,
  sizes: { readonly inFlight: number; readonly jobs: number; readonly sizeBytes: number },
): Promise<Finished> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
  let server: Server | undefined
  try {
    server = await startServer(key, folder)
    const address = server?.address ?? join(folder, 'jobs')
    const warmUp = Math.max(sizes.inFlight, Math.round(sizes.jobs * WARM_UP_SHARE))
    return await child.ask({ type: 'task', task: { kind: key, address, warmUp, ...sizes } }, 'finished')
  } finally {
    await child.end({ type: 'end' })
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startServer(key: Variant['key'], folder: string): Promise<Server | undefined> {
  switch (key) {
    case 'level':
    case 'floor':
      return undefined
    case 'redis_everysec':
      return startRedis(folder, 'everysec')
    case 'redis_always':
      return startRedis(folder, 'always')
    case 'postgresql':
      return startPostgresql(folder)
  }
}

function row(name: string, inFlight: number, perSecond: number): string {
  const rate = Math.round(perSecond).toLocaleString('en-US').padStart(8)
  return `${name.padEnd(30)} ${String(inFlight).padStart(4)} in flight ${rate} jobs/s`
}
