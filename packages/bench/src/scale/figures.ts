import { table as aligned } from '@pastel-mesh/node'
import { round } from '../statistics.ts'
import type { Cost, MeshRun } from './run-mesh.ts'

/** What one mesh showed, as it is printed. */
export interface SizeFigures {
  readonly name: string
  readonly nodes: number
  readonly degree: number
  readonly maxDegree: number
  readonly formMs: number
  readonly startMs: number
  readonly certificateBytes: number
  /** CPU and bytes of all nodes for one message at one node. */
  readonly singleCpuUs: number
  readonly singleBytes: number
  readonly bulkCpuUs: number
  readonly bulkBytes: number
  readonly rssMb: number
  readonly heapMb: number
  /** Of one node at rest. */
  readonly idleCpuPercent: number
  readonly idleBytesPerSecond: number
  readonly headsPerSecond: number
  readonly receiptsPerSecond: number
  readonly gossipPerSecond: number
  readonly bookPerSecond: number
  readonly pingPerSecond: number
  readonly missing: number
}

export function figuresOf(name: string, run: MeshRun): SizeFigures {
  const { rest, memory } = run
  const sent = (prefix: string) =>
    round(
      Object.entries(rest.sentPerSecond)
        .filter(([protocol]) => protocol.startsWith(prefix))
        .reduce((sum, [, bytes]) => sum + bytes, 0),
    )
  return {
    name,
    nodes: run.nodes,
    degree: round(run.degree),
    maxDegree: run.maxDegree,
    formMs: Math.round(run.formMs),
    startMs: Math.round(run.startMs),
    certificateBytes: run.certificateBytes,
    singleCpuUs: cpuUs(run.single),
    singleBytes: bytes(run.single),
    bulkCpuUs: cpuUs(run.bulk),
    bulkBytes: bytes(run.bulk),
    rssMb: round(memory.rssMb),
    heapMb: round(memory.heapMb),
    idleCpuPercent: round(rest.cpuPercent),
    idleBytesPerSecond: Math.round(rest.bytesPerSecond),
    headsPerSecond: sent('/pastel-mesh/log/'),
    // Receipts of a topic go by the protocol of direct messages, to who asks for them.
    receiptsPerSecond: sent('/pastel-mesh/direct/'),
    gossipPerSecond: sent('/meshsub/'),
    bookPerSecond: sent('/pastel-mesh/book/'),
    pingPerSecond: sent('/ipfs/ping/'),
    missing: run.missing,
  }
}

function cpuUs({ cpuMs, deliveries }: Cost): number {
  return round((cpuMs * 1000) / deliveries)
}

function bytes(cost: Cost): number {
  return Math.round(cost.bytes / cost.deliveries)
}

/** A row for each mesh. */
export function table(all: readonly SizeFigures[]): string {
  const head = [
    'mesh',
    'links',
    'CPU µs',
    'bytes',
    'bulk µs',
    'bulk bytes',
    'RSS MB',
    'heap MB',
    'idle CPU %',
    'idle B/s',
    'heads',
    'receipts',
    'gossip',
    'book',
    'ping',
    'formed s',
  ]
  const rows = all.map((figures) => [
    figures.name,
    `${figures.degree} (${figures.maxDegree})`,
    figures.singleCpuUs,
    figures.singleBytes,
    figures.bulkCpuUs,
    figures.bulkBytes,
    figures.rssMb,
    figures.heapMb,
    figures.idleCpuPercent,
    figures.idleBytesPerSecond,
    figures.headsPerSecond,
    figures.receiptsPerSecond,
    figures.gossipPerSecond,
    figures.bookPerSecond,
    figures.pingPerSecond,
    round(figures.formMs / 1000),
  ])
  return aligned([head, ...rows.map((row) => row.map(String))])
}
