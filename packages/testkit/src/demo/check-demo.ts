import { dataFolder } from '@pastel-mesh/node'
import { auditStore, type StoreAudit } from '../mesh/audit-store.ts'
import type { LocalMesh } from '../mesh/local-mesh.ts'
import { type DemoRun, hashOf } from './run-demo.ts'

/** One node's line of the table, and what is wrong with it. */
export interface NodeReport {
  readonly cells: readonly string[]
  readonly problems: readonly string[]
}

/** Opens each database afresh and compares what is in it, verified from its bytes, with what was acknowledged. */
export async function checkDemo(mesh: LocalMesh, run: DemoRun): Promise<NodeReport[]> {
  const reports: NodeReport[] = []
  for (const [index, node] of mesh.nodes.entries()) {
    const audit = await auditStore(dataFolder(node.options.dataDir).database)
    const problems = [...audit.problems]
    for (const [id, hash] of run.accepted) {
      const message = audit.messages.get(id)
      if (message === undefined) problems.push(`message ${id} is missing`)
      else if (hashOf(message.body) !== hash) problems.push(`message ${id} has another text`)
    }
    for (const id of audit.messages.keys())
      if (!run.accepted.has(id)) problems.push(`message ${id} was never sent`)
    const { p50, p99 } = latencies(audit, run.upMs[index] ?? [])
    reports.push({
      problems,
      cells: [
        `${index + 1}`,
        `${run.pastelIds[index]?.slice(0, 16)}…`,
        `${run.published[index] ?? 0}`,
        `${audit.messages.size}`,
        problems.length === 0 ? 'all' : `${problems.length} problems`,
        `${audit.batches}`,
        `${Math.round(audit.messages.size / (run.durationMs / 1000))}`,
        p50,
        p99,
      ],
    })
  }
  return reports
}

export const TABLE_HEAD = [
  'node',
  'PastelID',
  'published',
  'stored',
  'verified',
  'batches',
  'msg/s',
  'p50 ms',
  'p99 ms',
]

/** From the sender's acceptance to this node's disk, for messages that were sent while this node ran. */
function latencies({ messages }: StoreAudit, upMs: DemoRun['upMs'][number]): { p50: string; p99: string } {
  const times: number[] = []
  for (const { createdAtMs, receivedAtMs } of messages.values()) {
    if (upMs.some(([from, to]) => createdAtMs >= from && createdAtMs < to))
      times.push(receivedAtMs - createdAtMs)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    `${times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? '-'}`
  return { p50: at(0.5), p99: at(0.99) }
}
