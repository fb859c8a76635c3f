import { MeshError } from '@pastel-mesh/identity'
import type { Job, JobStatus } from '@pastel-mesh/queue'
import { z } from 'zod'
import { type Context, operatorProcedure, router, viewerProcedure } from '../trpc.ts'
import {
  dataInput,
  type JobSummary,
  jobIdInput,
  jobOptions,
  nameInput,
  statusInput,
  toAddOptions,
  toJobSummary,
} from './job-schema.ts'
import { queueAnswer, queueChange } from './queue-answer.ts'
import { readQueueStats, whatNameWaitsFor } from './queue-stats.ts'

const MAX_PAGE_JOBS = 200
/** Jobs that are read at once: each may have a megabyte of data and results, of which a list shows little. */
const READ_JOBS = 20

/** What to look at before a change is asked for again of which nobody knows whether it was made. */
const AT_ADDED =
  'whether it is among the jobs of its name that wait, or give it a dedup key each time: then it is one job'
const AT_JOB = 'at the job'
const AT_PAUSES = 'at what is paused'

const byId = z.strictObject({ id: jobIdInput })
const byName = z.strictObject({ name: nameInput.optional() }).default({})

/** The queue, for the operator. */
export const jobs = router({
  /** How many jobs of each name are in which state, what those that wait wait for, and what happened since the start. */
  stats: viewerProcedure.query(async ({ ctx }) => ({
    startedAtMs: ctx.startedAtMs,
    ...(await queueAnswer(readQueueStats(ctx))),
  })),

  /**
   * A page of the jobs in one state: those that wait in the order in which they will run, those that have ended the last
   * first. `next`, given as `after`, goes on where a page ended that was not the last.
   */
  list: viewerProcedure
    .input(
      z.strictObject({
        status: statusInput,
        name: nameInput.optional(),
        after: z.string().min(1).max(1_000).optional(),
        limit: z.number().int().min(1).max(MAX_PAGE_JOBS).default(100),
      }),
    )
    .query(({ input, ctx }) => queueAnswer(readPage(input, ctx))),

  /** All there is of one: data, progress, log lines, steps, result, failure. `attempts` counts those that have begun. */
  show: viewerProcedure.input(byId).query(async ({ input: { id }, ctx }) => {
    const job = await queueAnswer(known(id, ctx))
    return {
      ...job,
      attempts: job.failures + job.stalls + (job.status === 'running' || job.status === 'done' ? 1 : 0),
      ...(job.status === 'waiting' ? { waitsFor: await queueAnswer(whatNameWaitsFor(job.name, ctx)) } : {}),
    }
  }),

  /** Adds a job; answers when it is on disk. Nobody need have a handler for its name yet. */
  add: operatorProcedure
    .input(z.strictObject({ name: nameInput, data: dataInput, options: jobOptions.default({}) }))
    .mutation(({ input: { name, data, options }, ctx }) => {
      ctx.drain.assertTaking()
      return queueChange(ctx.queue.add(name, data, toAddOptions(options)), AT_ADDED)
    }),

  /** Lets one that failed, was cancelled or expired wait again; `status` is what it is now, also if it was none of these. */
  retry: operatorProcedure
    .input(byId)
    .mutation(({ input: { id }, ctx }) => queueChange(changed(id, ctx.queue.retry(id), ctx), AT_JOB)),

  /** The same for all that failed, or those of one name. */
  redrive: operatorProcedure.input(byName).mutation(async ({ input, ctx }) => {
    await queueAnswer(ctx.queue.pauses())
    return { count: await ctx.queue.redrive(nameOf(input)) }
  }),

  /** Ends one that has not ended; the signal of one that runs fires, and it may still run for a moment. */
  cancel: operatorProcedure
    .input(byId)
    .mutation(({ input: { id }, ctx }) => queueChange(changed(id, ctx.queue.cancel(id), ctx), AT_JOB)),

  /** Forgets one that does not run. */
  remove: operatorProcedure.input(byId).mutation(async ({ input: { id }, ctx }) => {
    await queueAnswer(known(id, ctx))
    await queueChange(ctx.queue.remove(id), AT_JOB)
  }),

  /** Forgets all of a state, or those of one name. */
  clear: operatorProcedure
    .input(z.strictObject({ status: statusInput.exclude(['running']), name: nameInput.optional() }))
    .mutation(async ({ input: { status, name }, ctx }) => {
      await queueAnswer(ctx.queue.pauses())
      return { count: await ctx.queue.clear({ status, ...nameOf({ name }) }) }
    }),

  /** Starts no more jobs of a name, or of any, until `resume`, across restarts; those that run go on. */
  pause: operatorProcedure.input(byName).mutation(async ({ input: { name }, ctx }) => {
    await queueChange(ctx.queue.pause(name), AT_PAUSES)
    return queueAnswer(ctx.queue.pauses())
  }),

  /** A name that was paused by itself stays so when all others go on. */
  resume: operatorProcedure.input(byName).mutation(async ({ input: { name }, ctx }) => {
    await queueChange(ctx.queue.resume(name), AT_PAUSES)
    return queueAnswer(ctx.queue.pauses())
  }),
})

interface PageRequest {
  readonly status: JobStatus
  readonly name?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

async function readPage(
  { status, name, after, limit }: PageRequest,
  { queue }: Pick<Context, 'queue'>,
): Promise<{ jobs: JobSummary[]; next?: string }> {
  const found: JobSummary[] = []
  let from = after
  for (;;) {
    const wanted = Math.min(READ_JOBS, limit - found.length)
    const page = await queue.list({
      status,
      limit: wanted,
      ...nameOf({ name }),
      ...(from === undefined ? {} : { after: from }),
    })
    found.push(...page.jobs.map(toJobSummary))
    from = page.next
    // One that is short was a long search: whoever asks goes on with it, or does not.
    if (from === undefined || found.length === limit || page.jobs.length < wanted) break
  }
  return { jobs: found, ...(from === undefined ? {} : { next: from }) }
}

async function known(id: string, { queue }: Pick<Context, 'queue'>): Promise<Job> {
  const job = await queue.get(id)
  if (job !== undefined) return job
  throw new MeshError(
    'ERR_JOB_UNKNOWN',
    `there is no job ${id}: it never was, or what is kept of ended jobs has passed it`,
  )
}

async function changed(id: string, change: Promise<boolean>, { queue }: Pick<Context, 'queue'>) {
  const isChanged = await change
  // Of what is not kept there is nothing more to say.
  return { isChanged, status: (await queue.get(id))?.status }
}

function nameOf({ name }: { readonly name?: string | undefined }): { readonly name?: string } {
  return name === undefined ? {} : { name }
}
