import { MeshError } from '@pastel-mesh/identity'
import { pmeshCommand } from '../pmesh-command.ts'
import type { JobStatus } from './describe-queue.ts'
import { type JobFlags, optionsOfFlags, readJobData } from './job-input.ts'
import { describeError, json, print, printable, warn } from './output.ts'
import { counted } from './terminal/figures.ts'
import { type QueueApi, withAdvice, withQueue } from './with-queue.ts'

export async function addJob(
  dataDir: string,
  {
    name,
    data,
    flags,
  }: { readonly name: string; readonly data: string | undefined; readonly flags: JobFlags },
  asJson: boolean,
): Promise<void> {
  const value = await readJobData(data)
  const { added, waitsFor } = await withQueue(dataDir, async ({ jobs }) => {
    const added = await jobs.add.mutate({ name, data: value, options: optionsOfFlags(flags) })
    const stats = asJson ? undefined : await jobs.stats.query()
    return { added, waitsFor: stats?.names.find((one) => one.name === name)?.waitsFor }
  })
  if (asJson) return print(json(added, 2))
  print(printable(added.id))
  if (added.isDuplicate) warn('there is a job with this key already: this is that one, and nothing was added')
  if (waitsFor === 'handler') warn(`nothing in this node does jobs of the name ${name}: it waits`)
  if (waitsFor === 'resume') {
    warn(`jobs of the name ${name} are paused: "${pmeshCommand(`jobs resume ${name}`, dataDir)}"`)
  }
}

/** How one of several jobs is changed, and what is said of it. */
interface Change {
  readonly act: (api: QueueApi, id: string) => Promise<{ isChanged: boolean; status?: JobStatus | undefined }>
  /** `cancelled` */
  readonly past: string
  /** Why one was not changed that is in a state. */
  readonly whyNot: (status: JobStatus | undefined) => string
}

const RETRY: Change = {
  act: ({ jobs }, id) => jobs.retry.mutate({ id }),
  past: 'retried',
  whyNot: (status) => `it is ${status}: only what failed, was cancelled or expired is tried again`,
}
const CANCEL: Change = {
  act: ({ jobs }, id) => jobs.cancel.mutate({ id }),
  past: 'cancelled',
  whyNot: (status) => (status === undefined ? 'it has ended' : `it is ${status} already`),
}
const REMOVE: Change = {
  act: async ({ jobs }, id) => {
    await jobs.remove.mutate({ id })
    return { isChanged: true }
  },
  past: 'removed',
  whyNot: () => '',
}

/** Lets jobs wait again that failed, were cancelled or expired. @returns the exit code */
export function retryJobs(dataDir: string, ids: readonly string[], asJson: boolean): Promise<number> {
  return changeEach(dataDir, ids, RETRY, asJson)
}

/** @returns the exit code */
export function cancelJobs(dataDir: string, ids: readonly string[], asJson: boolean): Promise<number> {
  return changeEach(dataDir, ids, CANCEL, asJson)
}

/** @returns the exit code */
export function removeJobs(dataDir: string, ids: readonly string[], asJson: boolean): Promise<number> {
  return changeEach(dataDir, ids, REMOVE, asJson)
}

/** Lets all that failed wait again. */
export async function redriveJobs(dataDir: string, name: string | undefined, asJson: boolean): Promise<void> {
  const { count } = await withQueue(dataDir, ({ jobs }) =>
    jobs.redrive.mutate(name === undefined ? {} : { name }),
  )
  if (asJson) return print(json({ count }, 2))
  if (count === 0) await warnOfUnknown(dataDir, name)
  print(`retried  ${counted(count, 'job')}`)
}

/** Forgets all of a state. */
export async function clearJobs(
  dataDir: string,
  which: { readonly status: Exclude<JobStatus, 'running'>; readonly name?: string },
  asJson: boolean,
): Promise<void> {
  const { count } = await withQueue(dataDir, ({ jobs }) => jobs.clear.mutate(which))
  if (asJson) return print(json({ count }, 2))
  if (count === 0) await warnOfUnknown(dataDir, which.name)
  print(`removed  ${counted(count, 'job')}`)
}

/** A name without jobs and without a handler may be mistyped. */
async function warnOfUnknown(dataDir: string, name: string | undefined): Promise<void> {
  if (name === undefined) return
  const { names } = await withQueue(dataDir, ({ jobs }) => jobs.stats.query())
  const known = names.find((one) => one.name === name)
  const hasJobs = known !== undefined && Object.values(known.counts).some((count) => count > 0)
  if (hasJobs || known?.isHandled === true) return
  const others = names.map((one) => one.name).filter((one) => one !== name)
  warn(
    printable(
      `there are no jobs of the name ${name}, and nothing in this node does any; there are: ${others.join(', ') || 'none'}`,
    ),
  )
}

/** Starts no more jobs, of a name or at all. */
export async function pauseJobs(dataDir: string, name: string | undefined, asJson: boolean): Promise<void> {
  const pauses = await withQueue(dataDir, ({ jobs }) => jobs.pause.mutate(name === undefined ? {} : { name }))
  if (asJson) return print(json(pauses, 2))
  await warnOfUnknown(dataDir, name)
  const until = pmeshCommand(name === undefined ? 'jobs resume' : `jobs resume ${name}`, dataDir)
  print(printable(`paused  ${name ?? 'everything'}: what runs goes on, and no other starts until "${until}"`))
}

/** Lets them start again. */
export async function resumeJobs(dataDir: string, name: string | undefined, asJson: boolean): Promise<void> {
  const pauses = await withQueue(dataDir, ({ jobs }) =>
    jobs.resume.mutate(name === undefined ? {} : { name }),
  )
  if (asJson) return print(json(pauses, 2))
  await warnOfUnknown(dataDir, name)
  print(printable(`resumed  ${name ?? 'everything'}`))
  const all = pmeshCommand('jobs resume', dataDir)
  if (pauses.all) warn(`nothing starts all the same: the whole queue is paused, until "${all}"`)
  else if (name === undefined && pauses.names.length > 0) {
    warn(`paused by themselves, and still so: ${pauses.names.join(', ')}`)
  }
}

/** One after the other: that one cannot be changed keeps no other from it. */
async function changeEach(
  dataDir: string,
  ids: readonly string[],
  { act, past, whyNot }: Change,
  asJson: boolean,
): Promise<number> {
  const results: object[] = []
  let isFailed = false
  await withQueue(dataDir, async (api) => {
    for (const id of ids) {
      try {
        const { isChanged, status } = await act(api, id)
        results.push({ id, isChanged, ...(status === undefined ? {} : { status }) })
        isFailed ||= !isChanged
        if (asJson) continue
        if (isChanged) print(printable(`${past}  ${id}`))
        else warn(`${id} was not ${past}: ${whyNot(status)}`)
      } catch (error) {
        const code = codeOf(error)
        // The whole command is what fails where no job is to blame.
        if (code === undefined || ids.length === 1) throw error
        isFailed = true
        const { message } = error as Error
        results.push({ id, error: { code, message } })
        if (!asJson) warn(describeError(withAdvice(new MeshError(code, message), dataDir)))
      }
    }
  })
  if (asJson) print(json(results, 2))
  return isFailed ? 1 : 0
}

/** Of an error about one job. */
function codeOf(error: unknown): string | undefined {
  const { meshCode } = (error as { data?: { meshCode?: string } }).data ?? {}
  return meshCode?.startsWith('ERR_JOB_') === true ? meshCode : undefined
}
