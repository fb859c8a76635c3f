import type { JobSummary, WaitsFor } from '@pastel-mesh/sdk-server'
import type { JobStatus } from './describe-queue.ts'
import type { Cell } from './terminal/columns.ts'
import { describeAgo, describeCount, describeSpan, describeTook } from './terminal/figures.ts'

interface Column {
  readonly heading: string
  readonly isFigure?: boolean
  readonly cell: (job: JobSummary, nowMs: number) => Cell
}

const ID: Column = { heading: 'ID', cell: ({ id }) => ({ text: id, tone: 'name' }) }
const DATA: Column = { heading: 'DATA', cell: ({ preview }) => preview }
const PRIORITY: Column = {
  heading: 'PRIORITY',
  isFigure: true,
  cell: ({ priority }) => describeCount(priority),
}
const FAILURES: Column = {
  heading: 'FAILURES',
  isFigure: true,
  cell: ({ failures, stalls }) => describeCount(failures + stalls),
}
const ADDED: Column = {
  heading: 'ADDED',
  cell: ({ createdAtMs }, now) => describeAgo(createdAtMs, now),
}
const ENDED: Column = {
  heading: 'ENDED',
  cell: ({ finishedAtMs }, now) => (finishedAtMs === undefined ? '-' : describeAgo(finishedAtMs, now)),
}
const RUNS_IN: Column = {
  heading: 'RUNS IN',
  cell: ({ runAtMs }, now) => (runAtMs === undefined ? '-' : describeSpan(runAtMs - now)),
}
const RUNS_FOR: Column = {
  heading: 'FOR',
  cell: ({ startedAtMs }, now) => (startedAtMs === undefined ? '-' : describeSpan(now - startedAtMs)),
}
const PROGRESS: Column = {
  heading: 'PROGRESS',
  cell: ({ progress }) => (progress === undefined ? '-' : JSON.stringify(progress).slice(0, 40)),
}
const TOOK: Column = {
  heading: 'TOOK',
  cell: ({ startedAtMs, finishedAtMs }) =>
    startedAtMs === undefined || finishedAtMs === undefined ? '-' : describeTook(finishedAtMs - startedAtMs),
}
const REASON: Column = {
  heading: 'REASON',
  cell: ({ failure }) =>
    failure === undefined
      ? '-'
      : { text: [failure.code, failure.message].filter(Boolean).join(': '), tone: 'bad' },
}

const WAITS_FOR: Record<WaitsFor, Cell> = {
  handler: { text: 'a handler', tone: 'bad' },
  resume: { text: 'resume', tone: 'caution' },
  room: 'its turn',
}

const COLUMNS: Record<JobStatus, readonly Column[]> = {
  waiting: [ID, ADDED, PRIORITY, FAILURES],
  delayed: [ID, RUNS_IN, FAILURES, DATA],
  running: [ID, RUNS_FOR, FAILURES, PROGRESS, DATA],
  done: [ID, ENDED, TOOK, DATA],
  failed: [ID, ENDED, FAILURES, REASON],
  cancelled: [ID, ENDED, FAILURES, DATA],
  expired: [ID, ENDED, DATA],
}

/** Jobs of one state as rows under their headings. @param waitsFor what those of a name wait for */
export function jobRows(
  status: JobStatus,
  jobs: readonly JobSummary[],
  waitsFor: (name: string) => WaitsFor,
): { readonly rows: Cell[][]; readonly right: number[] } {
  const waits: Column = { heading: 'WAITS FOR', cell: ({ name }) => WAITS_FOR[waitsFor(name)] }
  const all = status === 'waiting' ? [...COLUMNS.waiting, waits, DATA] : COLUMNS[status]
  const nowMs = Date.now()
  const headings = all.map(({ heading }): Cell => ({ text: heading, tone: 'heading' }))
  const right = all.flatMap(({ isFigure }, index) => (isFigure === true ? [index] : []))
  return { rows: [headings, ...jobs.map((job) => all.map(({ cell }) => cell(job, nowMs)))], right }
}
