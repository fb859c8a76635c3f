import { createHash } from 'node:crypto'
import { dataFolder } from '@pastel-mesh/node'
import { auditStore, type StoreAudit } from '../mesh/audit-store.ts'
import type { JobsRun } from './check-jobs.ts'
import type { DirectRun } from './send-direct.ts'

/** What a run did, as far as it was acknowledged. */
export interface DemoRun {
  /** Id of every message that a node acknowledged → hash of its text. */
  readonly accepted: ReadonlyMap<string, string>
  readonly pastelIds: readonly string[]
  /** Per node: how many of its messages were acknowledged. */
  readonly published: readonly number[]
  /** Per node: the stretches during which it ran, in ms since 1970. */
  readonly upMs: readonly (readonly [number, number])[][]
  /** From the first message to the moment when the last node had them all. */
  readonly durationMs: number
  readonly direct?: DirectRun
  /** Of the node that does some. */
  readonly jobs?: JobsRun
}

/** One node's line of the table, and what is wrong with it. */
export interface NodeReport {
  readonly cells: readonly string[]
  readonly problems: readonly string[]
}

/** Opens each database afresh and compares what is in it, verified from its bytes, with what was acknowledged. */
export async function checkDemo(dataDirs: readonly string[], run: DemoRun): Promise<NodeReport[]> {
  const reports: NodeReport[] = []
  for (const [index, dataDir] of dataDirs.entries()) {
    const audit = await auditStore(dataFolder(dataDir).database)
    const problems = [...audit.problems, ...compare(audit, run), ...compareDirect(audit, index, run)]
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

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

function* compare(audit: StoreAudit, { accepted, published }: DemoRun): Generator<string> {
  const acknowledged = published.reduce((sum, count) => sum + count, 0)
  if (acknowledged !== accepted.size) {
    yield `${acknowledged} messages were acknowledged, under ${accepted.size} ids`
  }
  for (const [id, hash] of accepted) {
    const message = audit.messages.get(id)
    if (message === undefined) yield `message ${id} is missing`
    else if (hashOf(message.body) !== hash) yield `message ${id} has another text`
  }
  for (const id of audit.messages.keys()) if (!accepted.has(id)) yield `message ${id} was never sent`
}

/** Sender and recipient have every direct message, and nobody else can read one. */
function* compareDirect({ direct }: StoreAudit, index: number, run: DemoRun): Generator<string> {
  if (run.direct === undefined) return
  const { sender, recipient, accepted } = run.direct
  if (index !== sender && index !== recipient) {
    for (const [id, message] of direct)
      if (message !== undefined) yield `direct message ${id} can be read here`
    return
  }
  for (const [id, hash] of accepted) {
    const message = direct.get(id)
    if (message === undefined) yield `direct message ${id} is missing, or cannot be read`
    else if (hashOf(message.body) !== hash) yield `direct message ${id} has another text`
  }
  for (const id of direct.keys()) if (!accepted.has(id)) yield `direct message ${id} was never sent`
}

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
