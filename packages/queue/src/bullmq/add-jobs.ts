import type { AddedJob, Bookmark, NewJob } from '../driver.ts'
import { QueueError } from '../errors.ts'
import { bullOptions, type Envelope, newBullId, toEnvelope, toId } from './envelope.ts'
import type { Parts } from './parts.ts'

interface Adding {
  readonly name: string
  readonly bullId: string
  readonly id: string
  readonly envelope: Envelope
  readonly options: ReturnType<typeof bullOptions> & { readonly jobId: string; readonly delay?: number }
}

type AddParts = Pick<Parts, 'host' | 'names' | 'aside' | 'server' | 'adding'>

/**
 * Adds jobs, all of them or none, and then sets the bookmark.
 * @throws QueueError ERR_QUEUE_SERVER
 */
export async function addJobs(
  jobs: readonly NewJob[],
  bookmark: Bookmark | undefined,
  parts: AddParts,
): Promise<AddedJob[]> {
  const { names, adding, host } = parts
  const nowMs = Date.now()
  const all = jobs.map((job) => toAdding(job, nowMs))
  await Promise.all([...new Set(jobs.map(({ name }) => name))].map((name) => names.know(name)))
  // A worker of this process may have one before this hears that it was added.
  const told = Promise.withResolvers<void>()
  for (const { id } of all) adding.set(id, told.promise)
  try {
    await send(all, parts).catch((cause: Error) => {
      throw new QueueError('ERR_QUEUE_SERVER', `the server did not take the jobs: ${cause.message}`, {
        cause,
      })
    })
    const added = await Promise.all(all.map((one) => look(one, parts)))
    for (const [index, { id, isDuplicate }] of added.entries()) {
      if (!isDuplicate) host.onEvent({ type: 'added', id, name: all[index]?.name ?? '' })
    }
    if (bookmark !== undefined) await names.setBookmark(bookmark)
    return added
  } finally {
    for (const { id } of all) if (adding.get(id) === told.promise) adding.delete(id)
    told.resolve()
  }
}

function toAdding(job: NewJob, nowMs: number): Adding {
  const { name, priority, dedupKey, runAtMs = 0 } = job
  const bullId = newBullId(dedupKey)
  const delay = runAtMs - nowMs
  return {
    name,
    bullId,
    id: toId(name, bullId),
    envelope: toEnvelope(job),
    options: { ...bullOptions(priority), jobId: bullId, ...(delay > 0 ? { delay } : {}) },
  }
}

async function send(all: readonly Adding[], { names, server }: AddParts): Promise<void> {
  const [first, ...others] = all
  if (first !== undefined && others.length === 0) {
    await names.queue(first.name).add(first.name, first.envelope, first.options)
    return
  }
  await server.addAll(
    all.map(({ name, envelope, options }) => ({ queue: names.queue(name), data: envelope, options })),
  )
}

/** Whether it was this one that was added. */
async function look({ name, bullId, id, envelope }: Adding, { names, aside }: AddParts): Promise<AddedJob> {
  if (envelope.dedupKey === undefined) return { id, isDuplicate: false }
  const queue = names.queue(name)
  const there = await queue.getJob(bullId)
  if (there !== undefined && there.data.nonce !== envelope.nonce) return { id, isDuplicate: true }
  if ((await aside.find(name, bullId)) === undefined) return { id, isDuplicate: false }
  // One of this key was cancelled or has expired, and is known: whoever would run this one would drop it as well.
  await queue.remove(bullId)
  return { id, isDuplicate: true }
}
