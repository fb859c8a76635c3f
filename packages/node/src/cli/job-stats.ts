import type { NameStats } from '@pastel-mesh/sdk-server'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeCount, describeSpan, describeTook } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withQueue } from './with-queue.ts'

const HEADINGS = [
  ...['NAME', 'WAITING', 'RUNNING', 'DELAYED', 'DONE', 'FAILED', 'CANCELLED', 'EXPIRED'],
  ...['ATTEMPTS', 'RETRIED', 'AVERAGE'],
]

/** Shows how many jobs of each name there are in each state, and what was done since the start. */
export async function showJobStats(dataDir: string, asJson: boolean): Promise<void> {
  const stats = await withQueue(dataDir, (api) => api.jobs.stats.query())
  if (asJson) return print(json(stats, 2))
  const { names, totals, startedAtMs } = stats
  if (names.length === 0) return warn('there are no jobs, and nothing that does any')
  const rows = [
    HEADINGS.map((text): Cell => ({ text, tone: 'heading' })),
    ...names.map((one): Cell[] => [{ text: one.name, tone: 'name' }, ...figures(one), ...sinceStart(one)]),
    ...(names.length > 1 ? [['all', ...figures({ counts: totals })]] : []),
  ]
  print(columns(rows, { right: HEADINGS.map((_, index) => index).slice(1), width: screenWidth() }))
  const span = describeSpan(Date.now() - startedAtMs)
  print(`attempts, those that were retried and how long one took: since the node started, ${span} ago`)
}

function figures({ counts }: Pick<NameStats, 'counts'>): Cell[] {
  const { waiting, running, delayed, done, failed, cancelled, expired } = counts
  return [waiting, running, delayed, done, failed, cancelled, expired].map((count) => describeCount(count))
}

function sinceStart({ sinceStart: metrics }: NameStats): Cell[] {
  if (metrics === undefined) return ['0', '0', '-']
  const { attempts, retrying, attemptMs } = metrics
  return [
    describeCount(attempts),
    describeCount(retrying),
    attempts === 0 ? '-' : describeTook(attemptMs / attempts),
  ]
}
