import { setTimeout as delay } from 'node:timers/promises'
import { MeshError } from '@pastel-mesh/identity'
import { formatDuration } from '../config/durations.ts'
import type { ControlClient } from '../control-client.ts'
import { describeBytes } from './describe-bytes.ts'
import { describeDisk } from './describe-disk.ts'
import { describePruned } from './describe-pruned.ts'
import { json, print } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeTime, describeTook } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

/** How often it is looked whether something that takes long has ended. */
const LOOK_MS = 500

type Api = ControlClient['api']
type Size = Awaited<ReturnType<Api['admin']['store']['size']['query']>>
type Retention = Awaited<ReturnType<Api['admin']['store']['retention']['query']>>
type Run = NonNullable<Retention['last']>
type Compacted = NonNullable<Size['compaction']['last']>

export async function showSize(dataDir: string, asJson: boolean): Promise<void> {
  const size = await withClient(dataDir, (api) => api.admin.store.size.query())
  print(asJson ? json(size, 2) : columns(sizeRows(size)))
}

export async function showRetention(dataDir: string, asJson: boolean): Promise<void> {
  const status = await withClient(dataDir, (api) => api.admin.store.retention.query())
  print(asJson ? json(status, 2) : columns(retentionRows(status)))
}

/** Removes now what is to be removed, and waits for that. */
export async function runRetention(dataDir: string, asJson: boolean): Promise<void> {
  const last = await withClient(dataDir, async (api): Promise<Pick<Run, 'pruned' | 'reason'>> => {
    const before = (await api.admin.store.retention.query()).last
    const { pruned } = await api.admin.store.prune.mutate({})
    if (pruned !== undefined) return { pruned }
    for (;;) {
      const { last, runningSinceMs } = await api.admin.store.retention.query()
      if (last !== undefined && last.startedAtMs !== before?.startedAtMs && runningSinceMs === undefined)
        return last
      await delay(LOOK_MS)
    }
  })
  if (last.pruned === undefined) throw new MeshError('ERR_RETENTION', `retention failed: ${last.reason}`)
  print(asJson ? json(last.pruned, 2) : `removed  ${describePruned(last.pruned)}`)
}

/** @param maxMs undefined: as long as the node holds right */
export async function compact(dataDir: string, maxMs: number | undefined, asJson: boolean): Promise<void> {
  const compacted = await withClient(dataDir, async (api) => {
    const begun = await api.admin.store.compact.mutate(maxMs === undefined ? {} : { maxMs })
    if (begun.compacted !== undefined) return begun.compacted
    for (;;) {
      const { runningSinceMs, last } = (await api.admin.store.size.query()).compaction
      if (runningSinceMs === undefined && last !== undefined) return last
      await delay(LOOK_MS)
    }
  })
  if (compacted.reason !== undefined) {
    throw new MeshError('ERR_COMPACT', `the compaction failed: ${compacted.reason}`)
  }
  print(asJson ? json(compacted, 2) : describeCompacted(compacted))
}

function sizeRows({
  diskBytes,
  messages,
  batches,
  storedBytes,
  held,
  pinned,
  floor,
  end,
  oldestAtMs,
  newestAtMs,
  disk,
  compaction,
}: Size): Cell[][] {
  const { undelivered, carried, leftByRetention } = pinned
  const disked = describeDisk(disk)
  return [
    ['on disk', `${describeBytes(diskBytes)}, jobs and the rest included`],
    [
      'stored',
      `${counted(messages, 'message')} in ${counted(batches, 'batch', 'batches')}, ${describeBytes(storedBytes)}`,
    ],
    ['order', floor === 0 ? `to position ${end}` : `to position ${end}; below ${floor} some were removed`],
    ['oldest', oldestAtMs === undefined ? 'nothing is stored' : describeTime(oldestAtMs)],
    ['newest', newestAtMs === undefined ? 'nothing is stored' : describeTime(newestAtMs)],
    ['held', describeAmount(held)],
    ['undelivered', describeAmount(undelivered)],
    ['mailbox', describeAmount(carried)],
    ...(leftByRetention === undefined
      ? []
      : [
          [
            'pinned',
            `${counted(leftByRetention, 'batch', 'batches')} that retention would remove, and nobody else has yet`,
          ],
        ]),
    ['disk', disk.state === 'ok' ? disked : { text: disked, tone: 'bad' }],
    ...(compaction.runningSinceMs === undefined
      ? []
      : [['compaction', `runs since ${describeTime(compaction.runningSinceMs)}`]]),
    ...(compaction.last === undefined ? [] : [['last compaction', describeLast(compaction.last)]]),
  ]
}

function retentionRows({ rules, runningSinceMs, last }: Retention): Cell[][] {
  return [
    ['keeps', `${formatDuration(rules.maxAgeMs)}, ${describeBytes(rules.maxBytes)}`],
    ['looks', `every ${formatDuration(rules.intervalMs)}`],
    ...(runningSinceMs === undefined ? [] : [['runs', `since ${describeTime(runningSinceMs)}`]]),
    ['last run', last === undefined ? 'not since the start' : describeTime(last.startedAtMs)],
    ...(last === undefined
      ? []
      : [
          [
            'removed',
            last.pruned === undefined
              ? ({ text: `it failed: ${last.reason}`, tone: 'bad' } as const)
              : `${describePruned(last.pruned)}, in ${describeTook(last.tookMs)}`,
          ],
        ]),
  ]
}

function describeLast(compacted: Compacted): string {
  const { startedAtMs, reason } = compacted
  return `${describeTime(startedAtMs)}: ${reason === undefined ? describeCompacted(compacted) : `failed: ${reason}`}`
}

function describeCompacted({ beforeBytes, afterBytes, tookMs, isWhole }: Compacted): string {
  const rest = isWhole ? '' : '; its time was over before all was gone through: it can be begun again'
  return `compacted  ${describeBytes(beforeBytes)} → ${describeBytes(afterBytes)}, in ${describeTook(tookMs)}${rest}`
}

function describeAmount({ batches, bytes }: { batches: number; bytes: number }): string {
  return batches === 0 ? 'nothing' : `${counted(batches, 'batch', 'batches')}, ${describeBytes(bytes)}`
}
