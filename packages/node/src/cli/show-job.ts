import type { ControlClient } from '../control-client.ts'
import { describeWaitsFor } from './describe-queue.ts'
import { json, print, printable } from './output.ts'
import { type Cell, columns, cut } from './terminal/columns.ts'
import { counted, describeSpan, describeTime } from './terminal/figures.ts'
import { paint, type Tone } from './terminal/paint.ts'
import { withQueue } from './with-queue.ts'

type Job = Awaited<ReturnType<ControlClient['api']['admin']['jobs']['show']['query']>>

/** Characters of data, of a result, of what a step made: the rest is for --json. */
const MAX_SHOWN = 2_000

const TONES: Partial<Record<Job['status'], Tone>> = {
  done: 'good',
  running: 'good',
  failed: 'bad',
  cancelled: 'caution',
  expired: 'caution',
}

/** Shows all there is of a job. */
export async function showJob(dataDir: string, id: string, asJson: boolean): Promise<void> {
  const job = await withQueue(dataDir, (api) => api.jobs.show.query({ id }))
  print(asJson ? json(job, 2) : describeJob(job))
}

function describeJob(job: Job): string {
  const sections = [
    columns(rowsOf(job)),
    section(
      'Steps',
      Object.entries(job.steps).map(([name, value]) => [{ text: name, tone: 'name' }, shown(value)]),
    ),
    section(
      'Log',
      job.logs.map(({ atMs, text }) => [{ text: new Date(atMs).toISOString(), tone: 'quiet' }, text]),
    ),
    stackOf(job),
  ]
  return sections.filter((text) => text !== '').join('\n\n')
}

function rowsOf(job: Job): Cell[][] {
  const { status, waitsFor, failure } = job
  const text = waitsFor === undefined ? status : `${status} for ${describeWaitsFor(waitsFor)}`
  const tone = waitsFor === 'handler' ? 'bad' : TONES[status]
  const optional = (name: string, value: Cell | undefined): Cell[][] =>
    value === undefined ? [] : [[name, value]]
  const time = (name: string, atMs: number | undefined) =>
    optional(name, atMs === undefined ? undefined : atMs > Date.now() ? describeTo(atMs) : describeTime(atMs))
  return [
    ['job', { text: job.id, tone: 'name' }],
    ['status', tone === undefined ? text : { text, tone }],
    ['data', shown(job.data)],
    ...optional('priority', job.priority === 0 ? undefined : String(job.priority)),
    ['added', describeTime(job.createdAtMs)],
    ...time('runs at', job.status === 'delayed' ? job.runAtMs : undefined),
    ...time('expires', job.expiresAtMs),
    ...time('started', job.startedAtMs),
    ...time('ended', job.finishedAtMs),
    ['attempts', describeAttempts(job)],
    ...optional('progress', job.progress === undefined ? undefined : shown(job.progress)),
    ...optional('result', job.result === undefined ? undefined : shown(job.result)),
    ...optional(
      'failure',
      failure === undefined
        ? undefined
        : { text: [failure.code, failure.message].filter(Boolean).join(': '), tone: 'bad' },
    ),
    ...optional('dedup key', job.dedupKey),
    ...optional('schedule', job.schedule),
  ]
}

function describeAttempts({ attempts, failures, stalls }: Job): string {
  const ended = [
    ...(failures > 0 ? [`${failures} failed`] : []),
    ...(stalls > 0 ? [`${counted(stalls, 'time')} the process died`] : []),
  ]
  return ended.length === 0 ? String(attempts) : `${attempts}, of which ${ended.join(', ')}`
}

function describeTo(atMs: number): string {
  return `${new Date(atMs).toISOString()} (in ${describeSpan(atMs - Date.now())})`
}

function section(title: string, rows: Cell[][]): string {
  return rows.length === 0 ? '' : `${paint('heading', title)}\n${columns(rows, { indent: '  ' })}`
}

function stackOf({ failure }: Job): string {
  const lines = failure?.stack?.split('\n').slice(1) ?? []
  if (lines.length === 0) return ''
  return [paint('heading', 'Where it failed'), ...lines.map((line) => `  ${printable(line.trim())}`)].join(
    '\n',
  )
}

function shown(value: unknown): string {
  return cut(JSON.stringify(value) ?? '', MAX_SHOWN)
}
