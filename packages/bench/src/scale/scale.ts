import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { round } from '../statistics.ts'
import { figuresOf, type SizeFigures, table } from './figures.ts'
import { judge } from './judge.ts'
import { type MeshOptions, runMesh } from './run-mesh.ts'

/**
 * Meshes of growing size, each of real nodes that are told one address: what a delivered message costs, in CPU and on
 * the wire, what a node takes at rest, and what changes when a node knows of thousands that it is not connected to.
 * The baseline is stock gossipsub between as many processes, in the smallest mesh and in the largest.
 */
export async function scale(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '5,10,20' },
      known: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '20' },
      size: { type: 'string', default: '256' },
      bulk: { type: 'string', default: '10000' },
      warmup: { type: 'string', default: '10' },
      idle: { type: 'string', default: '15' },
      seconds: { type: 'string', default: '10' },
    },
  })
  const sizes = values.nodes.split(',').map(Number)
  const known = Number(values.known)
  const [smallest = 0, largest = 0] = [sizes[0], sizes.at(-1)]
  const common = {
    perSecond: Number(values.rate),
    sizeBytes: Number(values.size),
    bulkMessages: Number(values.bulk),
    warmupMs: Number(values.warmup) * 1000,
    idleMs: Number(values.idle) * 1000,
    loadMs: Number(values.seconds) * 1000,
  }
  const machine = await measureMachine()
  const measure = async (options: Pick<MeshOptions, 'kind' | 'nodes' | 'known'>, name: string) => {
    const figures = figuresOf(name, await runMesh({ ...common, ...options }))
    process.stdout.write(`${table([figures])}\n`)
    return figures
  }
  const ours: SizeFigures[] = []
  for (const nodes of sizes) ours.push(await measure({ kind: 'mesh', nodes, known: 0 }, `${nodes} nodes`))
  const knowing =
    known === 0
      ? undefined
      : await measure({ kind: 'mesh', nodes: smallest, known }, `${smallest} nodes, ${known} more known`)
  const baseline: SizeFigures[] = []
  for (const nodes of new Set([smallest, largest])) {
    baseline.push(await measure({ kind: 'strict-sign', nodes, known: 0 }, `${nodes} nodes, stock gossipsub`))
  }
  const { claims, isHeld } = judge(ours, knowing)
  const all = [...ours, ...(knowing === undefined ? [] : [knowing]), ...baseline]
  process.stdout.write(
    `\n${common.sizeBytes}-byte messages, ${machine.cpu}, ${machine.cores} cores\n${table(all)}\n\n`,
  )
  for (const { claim, isTrue } of claims) process.stdout.write(`${isTrue ? 'held  ' : 'MISSED'}  ${claim}\n`)
  const [few, many] = [ours[0], ours.at(-1)] as [SizeFigures, SizeFigures]
  const summary = {
    bench: 'scale',
    unit: 'us/delivery',
    nodes: values.nodes,
    ...columns('cpu_us', ours, ({ singleCpuUs }) => singleCpuUs),
    ...columns('bulk_cpu_us', ours, ({ bulkCpuUs }) => bulkCpuUs),
    ...columns('bytes', ours, ({ singleBytes }) => singleBytes),
    ...columns('bulk_bytes', ours, ({ bulkBytes }) => bulkBytes),
    ...columns('degree', ours, ({ degree }) => degree),
    ...columns('rss_mb', ours, ({ rssMb }) => rssMb),
    ...columns('heap_mb', ours, ({ heapMb }) => heapMb),
    ...columns('idle_cpu_percent', ours, ({ idleCpuPercent }) => idleCpuPercent),
    ...columns('idle_bytes_s', ours, ({ idleBytesPerSecond }) => idleBytesPerSecond),
    ...columns('idle_heads_bytes_s', ours, ({ headsPerSecond }) => headsPerSecond),
    ...columns('idle_receipts_bytes_s', ours, ({ receiptsPerSecond }) => receiptsPerSecond),
    ...columns('baseline_cpu_us', baseline, ({ singleCpuUs }) => singleCpuUs),
    ...columns('baseline_bytes', baseline, ({ singleBytes }) => singleBytes),
    ...columns('baseline_idle_bytes_s', baseline, ({ idleBytesPerSecond }) => idleBytesPerSecond),
    ratio: round(many.singleCpuUs / few.singleCpuUs),
    baseline_ratio: round((baseline.at(-1)?.singleCpuUs ?? 0) / (baseline[0]?.singleCpuUs ?? 0)),
    ...(knowing === undefined
      ? {}
      : {
          known,
          known_form_s: round(knowing.formMs / 1000),
          known_certificate_bytes: knowing.certificateBytes,
          known_rss_mb: knowing.rssMb,
          known_heap_mb: knowing.heapMb,
          known_cpu_us: knowing.singleCpuUs,
          known_idle_cpu_percent: knowing.idleCpuPercent,
          known_idle_bytes_s: knowing.idleBytesPerSecond,
        }),
    missing: missingIn([...ours, ...(knowing === undefined ? [] : [knowing])]),
    baseline_missing: missingIn(baseline),
    size_bytes: common.sizeBytes,
    rate: common.perSecond,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld }
}

function missingIn(meshes: readonly SizeFigures[]): number {
  return meshes.reduce((sum, { missing }) => sum + missing, 0)
}

/** One figure of each mesh, named by its size. */
function columns(
  name: string,
  all: readonly SizeFigures[],
  of: (figures: SizeFigures) => number,
): Record<string, number> {
  return Object.fromEntries(all.map((figures) => [`${name}_${figures.nodes}`, of(figures)]))
}
