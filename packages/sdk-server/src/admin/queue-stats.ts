import { MeshError } from '@pastel-mesh/identity'
import type { JobCounts, JobMetrics } from '@pastel-mesh/queue'
import type { Context } from '../trpc.ts'
import { queueAnswer } from './queue-answer.ts'

/** A status is asked for when something is wrong: it does not wait long for the part that is. */
const STATUS_MS = 2_000

/** What waiting jobs wait for: somebody in this node who does them, an operator, or those before them. */
export type WaitsFor = 'handler' | 'resume' | 'room'

/** The jobs of a name. */
export interface NameStats {
  readonly name: string
  readonly counts: JobCounts
  /** Whether somebody in this node does them. */
  readonly isHandled: boolean
  /** It, not the queue as a whole. */
  readonly isPaused: boolean
  /** Only if some wait. */
  readonly waitsFor?: WaitsFor
  /** What happened in this process. */
  readonly sinceStart?: JobMetrics
}

export interface QueueStats {
  /** The queue as a whole. */
  readonly isPaused: boolean
  readonly totals: JobCounts
  readonly pausedNames: string[]
  /** Names that have waiting jobs, and nobody in this node who does them. */
  readonly unhandled: { readonly name: string; readonly waiting: number }[]
  /** Those with a handler, a pause or jobs. */
  readonly names: NameStats[]
}

/** How it stands with the queue, by name. */
export async function readQueueStats({ queue }: Pick<Context, 'queue'>): Promise<QueueStats> {
  const [counts, pauses] = await Promise.all([queue.counts(), queue.pauses()])
  const metrics = queue.metrics()
  const handlers = new Set(queue.handlers)
  const paused = new Set(pauses.names)
  const names = [...new Set([...counts.keys(), ...handlers, ...paused])].sort()
  const totals = noJobs()
  const stats = names.map((name): NameStats => {
    const own = counts.get(name) ?? noJobs()
    for (const status of Object.keys(totals) as (keyof JobCounts)[]) totals[status] += own[status]
    const sinceStart = metrics.get(name)
    const isHandled = handlers.has(name)
    const isPaused = paused.has(name)
    return {
      name,
      counts: own,
      isHandled,
      isPaused,
      ...(own.waiting === 0 ? {} : { waitsFor: whatFor(isHandled, isPaused || pauses.all) }),
      ...(sinceStart === undefined ? {} : { sinceStart: { ...sinceStart } }),
    }
  })
  return {
    isPaused: pauses.all,
    totals,
    pausedNames: [...paused].sort(),
    unhandled: stats
      .filter(({ waitsFor }) => waitsFor === 'handler')
      .map((one) => ({ name: one.name, waiting: one.counts.waiting })),
    names: stats,
  }
}

/** What waiting jobs of a name wait for. */
export async function whatNameWaitsFor(name: string, { queue }: Pick<Context, 'queue'>): Promise<WaitsFor> {
  const { all, names } = await queue.pauses()
  return whatFor(queue.handlers.includes(name), all || names.includes(name))
}

/** What the status says of the queue. */
export async function queueStatus(context: Pick<Context, 'queue'>) {
  try {
    const { totals, isPaused, pausedNames, unhandled } = await queueAnswer(readQueueStats(context), STATUS_MS)
    return { state: 'running' as const, ...totals, isPaused, pausedNames, unhandled }
  } catch (error) {
    // The rest of the status is worth having.
    if (!(error instanceof MeshError)) throw error
    return { state: 'unavailable' as const, code: error.code, reason: error.message }
  }
}

function whatFor(isHandled: boolean, isPaused: boolean): WaitsFor {
  if (!isHandled) return 'handler'
  return isPaused ? 'resume' : 'room'
}

function noJobs(): JobCounts {
  return { waiting: 0, delayed: 0, running: 0, done: 0, failed: 0, cancelled: 0, expired: 0 }
}
