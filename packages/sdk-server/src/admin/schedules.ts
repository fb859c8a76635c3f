import { MeshError } from '@pastel-mesh/identity'
import type { Schedule, ScheduleInput } from '@pastel-mesh/queue'
import { z } from 'zod'
import { dropUndefined } from '../drop-undefined.ts'
import { type Context, operatorProcedure, router, viewerProcedure } from '../trpc.ts'
import { dataInput, nameInput, scheduledOptions, toAddOptions } from './job-schema.ts'
import { queueAnswer, queueChange } from './queue-answer.ts'

const AT_SCHEDULES = 'at the schedules'
/** Longer than any there is. */
const idInput = z.string().min(1).max(200)

const timingInput = z.union(
  [
    z.strictObject({ everyMs: z.number().int().positive() }),
    z.strictObject({ cron: z.string().min(1).max(200), timeZone: z.string().max(100).optional() }),
  ],
  { error: 'a timing is everyMs, or cron and, if it is not UTC, timeZone' },
)

const scheduleInput = z.strictObject({
  id: idInput,
  timing: timingInput,
  name: nameInput,
  data: dataInput,
  options: z.strictObject(scheduledOptions).default({}),
  maxTicks: z.number().int().positive().optional(),
})

/** What makes jobs by the clock, for the operator. */
export const schedules = router({
  /** Sorted by id. */
  list: viewerProcedure.query(async ({ ctx }) =>
    (await queueAnswer(ctx.queue.schedules()))
      .map((schedule) => toOutput(schedule, ctx))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  ),

  /** Adds one, or replaces the one with this id; with the same timing its next tick stays. */
  set: operatorProcedure.input(scheduleInput).mutation(async ({ input, ctx }) => {
    const { id, timing, name, data, options, maxTicks } = input
    const schedule: ScheduleInput<string, unknown> = {
      timing: 'cron' in timing ? dropUndefined(timing) : timing,
      name,
      data,
      options: toAddOptions(options),
      ...(maxTicks === undefined ? {} : { maxTicks }),
    }
    await queueChange(ctx.queue.upsertSchedule(id, schedule), AT_SCHEDULES)
    const all = await queueAnswer(ctx.queue.schedules())
    const found = all.find((one) => one.id === id)
    // Somebody else has removed it meanwhile.
    if (found === undefined) throw unknown(id)
    return toOutput(found, ctx)
  }),

  /** Jobs that it made stay. */
  remove: operatorProcedure
    .input(z.strictObject({ id: idInput }))
    .mutation(async ({ input: { id }, ctx }) => {
      if (!(await queueChange(ctx.queue.removeSchedule(id), AT_SCHEDULES))) throw unknown(id)
    }),
})

function toOutput({ job, ...schedule }: Schedule, { queue }: Pick<Context, 'queue'>) {
  const { name, data, priority, timeoutMs, retry } = job
  return {
    ...schedule,
    name,
    data: JSON.parse(data) as unknown,
    priority,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    /** Whether somebody in this node does its jobs. */
    isHandled: queue.handlers.includes(name),
  }
}

export type ScheduleOutput = ReturnType<typeof toOutput>

function unknown(id: string): MeshError {
  return new MeshError('ERR_SCHEDULE_UNKNOWN', `there is no schedule ${id}`)
}
