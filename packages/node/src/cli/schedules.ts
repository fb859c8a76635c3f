import type { ScheduleOutput } from '@pastel-mesh/sdk-server'
import { formatDuration } from '../config/durations.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { type JobFlags, optionsOfFlags, readJobData } from './job-input.ts'
import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeCount, describeSpan } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withQueue } from './with-queue.ts'

const HEADINGS = ['ID', 'WHEN', 'NEXT', 'TICKS', 'NAME', 'DATA']

/** What is to be done, and when. */
export interface ScheduleRequest {
  readonly id: string
  readonly name: string
  readonly data: string | undefined
  readonly everyMs?: number
  readonly cron?: string
  readonly timeZone?: string
  readonly maxTicks?: number
  readonly flags: Pick<JobFlags, 'priority' | 'attempts' | 'timeout'>
}

export async function listSchedules(dataDir: string, asJson: boolean): Promise<void> {
  const schedules = await withQueue(dataDir, (api) => api.schedules.list.query())
  if (asJson) return print(json(schedules, 2))
  if (schedules.length === 0) {
    const set = pmeshCommand('schedules set ID NAME --every 1h', dataDir)
    return warn(`there are no schedules: "${set}" makes one`)
  }
  const headings = HEADINGS.map((text): Cell => ({ text, tone: 'heading' }))
  print(columns([headings, ...schedules.map(rowOf)], { right: [3], width: screenWidth() }))
  const unhandled = schedules.filter(({ isHandled }) => !isHandled).map(({ name }) => name)
  if (unhandled.length > 0) {
    warn(`nothing in this node does jobs of the name ${[...new Set(unhandled)].join(', ')}: they wait`)
  }
}

export async function setSchedule(
  dataDir: string,
  { id, name, data, everyMs, cron, timeZone, maxTicks, flags }: ScheduleRequest,
  asJson: boolean,
): Promise<void> {
  const value = await readJobData(data)
  const schedule = await withQueue(dataDir, (api) =>
    api.schedules.set.mutate({
      id,
      name,
      data: value,
      timing:
        cron === undefined
          ? { everyMs: everyMs ?? 0 }
          : { cron, ...(timeZone === undefined ? {} : { timeZone }) },
      options: optionsOfFlags(flags),
      ...(maxTicks === undefined ? {} : { maxTicks }),
    }),
  )
  if (asJson) return print(json(schedule, 2))
  print(printable(`set  ${id}  ${describeTiming(schedule)}; next ${describeNext(schedule)}`))
  if (!schedule.isHandled) warn(`nothing in this node does jobs of the name ${name}: they wait`)
}

export async function removeSchedule(dataDir: string, id: string, asJson: boolean): Promise<void> {
  await withQueue(dataDir, (api) => api.schedules.remove.mutate({ id }))
  print(asJson ? json({ removed: id }, 2) : printable(`removed  ${id}: jobs that it made stay`))
}

function rowOf(schedule: ScheduleOutput): Cell[] {
  const { id, ticks, maxTicks, name, isHandled, data } = schedule
  return [
    { text: id, tone: 'name' },
    describeTiming(schedule),
    describeNext(schedule),
    maxTicks === undefined ? describeCount(ticks) : `${describeCount(ticks)} of ${describeCount(maxTicks)}`,
    isHandled ? name : { text: `${name} (no handler)`, tone: 'bad' },
    JSON.stringify(data),
  ]
}

function describeTiming({ timing }: ScheduleOutput): string {
  return 'cron' in timing ? `${timing.cron} (${timing.timeZone})` : `every ${formatDuration(timing.everyMs)}`
}

function describeNext({ nextAtMs }: ScheduleOutput): string {
  if (nextAtMs === undefined) return 'never: it is over'
  return `${new Date(nextAtMs).toISOString()} (in ${describeSpan(nextAtMs - Date.now())})`
}
