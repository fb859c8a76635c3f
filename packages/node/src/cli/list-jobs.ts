import type { JobSummary, QueueStats, WaitsFor } from '@pastel-mesh/sdk-server'
import { pmeshCommand } from '../pmesh-command.ts'
import { type JobStatus, queueRows, standingOf, statusOfStats } from './describe-queue.ts'
import { jobRows } from './job-rows.ts'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeCount } from './terminal/figures.ts'
import { paint } from './terminal/paint.ts'
import { screenWidth } from './terminal/screen.ts'
import { type QueueApi, withQueue } from './with-queue.ts'

/** Jobs that the node gives at once. */
const MAX_PAGE_JOBS = 200
/** Of those that run, and of those that failed, what the overview shows. */
const SHOWN_JOBS = 5

export interface ListFilter {
  readonly name?: string
  readonly after?: string
  readonly limit: number
}

/** Shows the jobs in one state. */
export async function listJobs(
  dataDir: string,
  status: JobStatus,
  filter: ListFilter,
  asJson: boolean,
): Promise<void> {
  const { jobs, next, stats } = await withQueue(dataDir, async (api) => ({
    ...(await readJobs(api, status, filter)),
    stats: status === 'waiting' ? await api.jobs.stats.query() : undefined,
  }))
  if (asJson) return print(json({ jobs, ...(next === undefined ? {} : { next }) }, 2))
  if (jobs.length === 0) {
    const of = filter.name === undefined ? '' : ` of the name ${filter.name}`
    return warn(`no job${of} is ${status}`)
  }
  const { rows, right } = jobRows(status, jobs, waitsForOf(stats))
  print(columns(rows, { right, width: screenWidth() }))
  if (next !== undefined) {
    warn(`there are more: --limit ${filter.limit * 2} shows more at once, --after ${next} the next ones`)
  }
}

/** Shows how the queue stands: what an operator looks for first. */
export async function showQueue(dataDir: string, asJson: boolean): Promise<void> {
  const { stats, running, failed } = await withQueue(dataDir, async (api) => ({
    stats: await api.jobs.stats.query(),
    running: await api.jobs.list.query({ status: 'running', limit: SHOWN_JOBS }),
    failed: await api.jobs.list.query({ status: 'failed', limit: SHOWN_JOBS }),
  }))
  if (asJson) return print(json({ ...stats, running: running.jobs, failed: failed.jobs }, 2))
  const width = screenWidth()
  const heading = (text: string) => print(`\n${paint('heading', text)}`)
  print(paint('heading', 'Queue'))
  print(columns([...queueRows(statusOfStats(stats), dataDir), keptRow(stats)], { indent: '  ' }))
  if (stats.names.length > 0) {
    heading('Names')
    print(columns(nameRows(stats), { right: [1, 2, 3, 4, 5], indent: '  ', width }))
  }
  const show = (title: string, status: JobStatus, jobs: readonly JobSummary[]) => {
    if (jobs.length === 0) return
    heading(title)
    const { rows, right } = jobRows(status, jobs, waitsForOf(stats))
    print(columns(rows, { right, indent: '  ', width }))
  }
  show('Running', 'running', running.jobs)
  show('Failed last', 'failed', failed.jobs)
  print('')
  for (const [what, command] of [
    ['all of a state', 'jobs list failed'],
    ['all there is of one', 'jobs show ID'],
    ['try again', 'jobs retry ID'],
  ] as const) {
    print(paint('quiet', `  ${what}: "${pmeshCommand(command, dataDir)}"`))
  }
}

async function readJobs(
  { jobs }: QueueApi,
  status: JobStatus,
  { name, after, limit }: ListFilter,
): Promise<{ jobs: JobSummary[]; next?: string | undefined }> {
  const found: JobSummary[] = []
  let next = after
  do {
    const page = await jobs.list.query({
      status,
      limit: Math.min(MAX_PAGE_JOBS, limit - found.length),
      ...(name === undefined ? {} : { name }),
      ...(next === undefined ? {} : { after: next }),
    })
    found.push(...page.jobs)
    next = page.next
  } while (next !== undefined && found.length < limit)
  return { jobs: found, next }
}

function waitsForOf(stats: QueueStats | undefined): (name: string) => WaitsFor {
  const byName = new Map(stats?.names.map(({ name, waitsFor }) => [name, waitsFor]))
  return (name) => byName.get(name) ?? 'room'
}

function keptRow({ totals: { done, cancelled, expired } }: QueueStats): Cell[] {
  const kept = [
    `${describeCount(done)} done`,
    `${describeCount(cancelled)} cancelled`,
    `${describeCount(expired)} expired`,
  ]
  return ['ended', { text: `${kept.join(', ')}, as far as they are kept`, tone: 'quiet' }]
}

function nameRows({ names, isPaused }: QueueStats): Cell[][] {
  const headings = ['NAME', 'WAITING', 'RUNNING', 'DELAYED', 'FAILED', 'DONE', 'HANDLER']
  return [
    headings.map((text): Cell => ({ text, tone: 'heading' })),
    ...names.map((one): Cell[] => [
      { text: one.name, tone: 'name' },
      describeCount(one.counts.waiting),
      describeCount(one.counts.running),
      describeCount(one.counts.delayed),
      one.counts.failed === 0 ? '0' : { text: describeCount(one.counts.failed), tone: 'bad' },
      describeCount(one.counts.done),
      standingOf(one, isPaused),
    ]),
  ]
}
