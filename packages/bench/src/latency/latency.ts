import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, percentile, round } from '../statistics.ts'
import { type Load, VARIANTS } from './protocol.ts'
import { type MeshRun, runMesh } from './run-mesh.ts'

/** From the call of publish to shown at every other node. */
const BUDGET = { p50Ms: 10, p99Ms: 40 }

/** The figures of one run, in ms. */
interface Figures {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly accepted: number
  /** Per cent of one core: of the processes, and of all else on the machine. */
  readonly cpu: number
  readonly otherCpu: number
}

/**
 * Ten processes, each connected to all others, that say something now and then: how long a message takes from the
 * call of publish until it is stored, and shown, at every other node. In turn: ours, stock gossipsub, and the least
 * that signing, carrying and storing the same messages takes on this machine.
 */
export async function latency(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      nodes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '20' },
      // With less, the compiling of ten cold processes is measured on a machine of two cores.
      warmup: { type: 'string', default: '45' },
      size: { type: 'string', default: '256' },
    },
  })
  const runs = Number(values.runs)
  const nodes = Number(values.nodes)
  const rate = Number(values.rate)
  const load: Load = {
    perSecond: rate / nodes,
    sizeBytes: Number(values.size),
    warmupMs: Number(values.warmup) * 1000,
    measureMs: Number(values.seconds) * 1000,
  }
  const machine = await measureMachine()
  const variants = Object.values(VARIANTS)
  const results = variants.map((): { run: MeshRun; figures: Figures }[] => [])
  for (let number = 1; number <= runs; number += 1) {
    for (const [i, { name, kind }] of variants.entries()) {
      const run = await runMesh(kind, nodes, load)
      const figures = figuresOf(run)
      results[i]?.push({ run, figures })
      const missing = run.missing === 0 ? '' : `  ${run.missing} MISSING`
      process.stdout.write(`run ${number}  ${row(name, figures)}  load ${loadAverage()}${missing}\n`)
    }
  }
  process.stdout.write(
    `\nmedian of ${runs}; ${nodes} processes, ${rate} messages/s in all, ${load.sizeBytes} bytes, ${machine.cpu}, ${machine.cores} cores\n`,
  )
  const medians = results.map((each) => medianFigures(each.map(({ figures }) => figures)))
  for (const [i, { name }] of variants.entries()) {
    process.stdout.write(`       ${row(name, medians[i] as Figures)}\n`)
  }
  const [ours, strictSign, floor] = medians as [Figures, Figures, Figures]
  const missing = results[0]?.reduce((sum, { run }) => sum + run.missing, 0) ?? 0
  const summary = {
    bench: 'latency',
    unit: 'ms',
    p50: round(ours.p50),
    p99: round(ours.p99),
    max: round(ours.max),
    accepted_p50: round(ours.accepted),
    cpu_percent: Math.round(ours.cpu),
    other_cpu_percent: Math.round(ours.otherCpu),
    baseline_p50: round(strictSign.p50),
    baseline_p99: round(strictSign.p99),
    baseline_max: round(strictSign.max),
    baseline_cpu_percent: Math.round(strictSign.cpu),
    ratio_p50: round(strictSign.p50 / ours.p50),
    floor_p50: round(floor.p50),
    floor_p99: round(floor.p99),
    floor_cpu_percent: Math.round(floor.cpu),
    times_floor_p50: round(ours.p50 / floor.p50),
    times_floor_p99: round(ours.p99 / floor.p99),
    missing,
    baseline_missing: results[1]?.reduce((sum, { run }) => sum + run.missing, 0) ?? 0,
    samples: median(results[0]?.map(({ run }) => run.shownMs.length) ?? []),
    rss_mb: median(results[0]?.map(({ run }) => run.rssMb) ?? []),
    nodes,
    rate,
    size_bytes: load.sizeBytes,
    seconds: load.measureMs / 1000,
    runs,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld: ours.p50 <= BUDGET.p50Ms && ours.p99 <= BUDGET.p99Ms && missing === 0 }
}

function figuresOf({ shownMs, acceptedMs, cpuPercent, otherCpuPercent }: MeshRun): Figures {
  return {
    p50: percentile(shownMs, 50),
    p99: percentile(shownMs, 99),
    max: percentile(shownMs, 100),
    accepted: percentile(acceptedMs, 50),
    cpu: cpuPercent,
    otherCpu: otherCpuPercent,
  }
}

function medianFigures(all: readonly Figures[]): Figures {
  const of = (key: keyof Figures) => median(all.map((figures) => figures[key]))
  return {
    p50: of('p50'),
    p99: of('p99'),
    max: of('max'),
    accepted: of('accepted'),
    cpu: of('cpu'),
    otherCpu: of('otherCpu'),
  }
}

function row(name: string, { p50, p99, max, accepted, cpu, otherCpu }: Figures): string {
  const cell = (label: string, ms: number) => `${label} ${ms.toFixed(1).padStart(7)}`
  const cells = [cell('p50', p50), cell('p99', p99), cell('max', max), cell('accepted p50', accepted)]
  return `${name.padEnd(28)} ${cells.join('  ')} ms  CPU ${cpu.toFixed(0).padStart(3)} %, others ${otherCpu.toFixed(0).padStart(3)} %`
}
