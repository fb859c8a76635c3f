import { textOf } from '@pastel-mesh/protocol'
import type { JobContext } from '@pastel-mesh/queue'
import { defineTopic, json, typedTopics } from '@pastel-mesh/sdk-node'
import { expect, it } from 'vitest'
import { textsAt } from '../../sdk-node/test/fixtures/nodes.ts'
import { seededSigner } from '../../testkit/src/fixtures/log-writer.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { jobMessages } from '../src/index.ts'
import { type BoundNode, boundNode } from './fixtures/bound-node.ts'

const bobsId = seededSigner('bob').pastelId
const AT_ONCE = { attempts: 5, backoff: { type: 'fixed', delayMs: 1 } } as const
const ONCE_ONLY = { attempts: 1 } as const

/** The texts that a node has sent to somebody, in their order. */
async function sentTo({ node }: BoundNode): Promise<string[]> {
  const sent: string[] = node.waiting().map(({ id }) => id)
  for await (const entry of node.messages({ direct: 'sent' })) {
    if (entry.kind === 'message') sent.push(textOf(entry))
  }
  return sent
}

it('a job that runs again sends nothing twice, and goes on behind what it had sent', async () => {
  const alice = await boundNode({ identity: 'alice' })
  const ids: string[][] = []
  alice.queue.registerHandler(
    'work',
    async (job) => {
      const messages = jobMessages(alice.node, job)
      const attempt: string[] = []
      ids.push(attempt)
      attempt.push((await messages.publish('test', { text: 'one' })).id)
      if (job.attempt === 1) throw new Error('not yet')
      attempt.push((await messages.send(bobsId, { text: 'to bob' })).id)
      attempt.push(
        ...(await messages.send([bobsId, alice.node.pastelId], { text: 'to both' })).map(({ id }) => id),
      )
      if (job.attempt === 2) throw new Error('not yet')
      // The same text is another message by its number.
      attempt.push((await messages.publish('test', { text: 'one' })).id)
      if (job.attempt === 3) throw new Error('not yet')
    },
    { retry: AT_ONCE },
  )
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  await alice.queue.waitFor(id)
  expect(await textsAt(alice)).toEqual(['one', 'one'])
  expect(alice.node.waiting()).toHaveLength(2)
  expect(ids.map(({ length }) => length)).toEqual([1, 4, 5, 5])
  for (const attempt of ids) expect(ids[3]?.slice(0, attempt.length)).toEqual(attempt)
  expect(new Set(ids[3]).size).toBe(5)
  // It was the job of these ids alone: another one sends its own.
  ids.length = 0
  const other = await alice.queue.add('work', null)
  await alice.queue.waitFor(other.id)
  expect(await textsAt(alice)).toHaveLength(4)
})

it('a job may give its messages names, where their order is not the same each time', async () => {
  const alice = await boundNode({ identity: 'alice' })
  alice.queue.registerHandler(
    'work',
    async (job) => {
      const messages = jobMessages(alice.node, job)
      const names = ['a', 'b', 'c']
      for (const once of job.attempt === 1 ? names : names.reverse()) {
        await messages.publish('test', { text: once }, { once })
      }
      if (job.attempt === 1) throw new Error('not yet')
      await expect(messages.publish('test', { text: 'x' }, { once: '1' })).rejects.toMatchObject({
        code: 'ERR_ONCE_KEY',
      })
    },
    { retry: AT_ONCE },
  )
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  await alice.queue.waitFor(id)
  expect(await textsAt(alice)).toEqual(['a', 'b', 'c'])
})

it('a job that sends another message than before is told so, and the message is not sent', async () => {
  const alice = await boundNode({ identity: 'alice' })
  const prices = defineTopic({ name: 'test', codec: json<{ at: number }, { at: number }>(anything()) })
  alice.queue.registerHandler(
    'work',
    async (job) => {
      const topics = typedTopics(jobMessages(alice.node, job))
      await topics.publish(prices, { at: job.attempt })
      if (job.attempt === 1) throw new Error('not yet')
    },
    { retry: { ...AT_ONCE, attempts: 2 } },
  )
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  await expect(alice.queue.waitFor(id)).rejects.toMatchObject({ code: 'ERR_JOB_FAILED' })
  const failure = (await alice.queue.get(id))?.failure
  expect(failure).toMatchObject({ code: 'ERR_ONCE_DIFFERS' })
  expect(failure?.message).toContain(`job ${id} sent another message as its number 1 before`)
  expect(await textsAt(alice)).toEqual(['{"at":1}'])
})

it('the keys of a job go when it is done or removed, and stay while it can be retried', async () => {
  const alice = await boundNode({ identity: 'alice', sent: { sweepMs: 20 } })
  let isRight = false
  alice.queue.registerHandler(
    'work',
    async (job) => {
      await jobMessages(alice.node, job).publish('test', { text: String(job.data) })
      if (job.data !== 'good' && !isRight) throw new Error('not yet')
    },
    { retry: ONCE_ONLY },
  )
  await alice.begin()
  const groups = () => alice.node.onceGroups('job:')
  const done = await alice.queue.add('work', 'good')
  await alice.queue.waitFor(done.id)
  await waitUntil(async () => (await groups()).length === 0, { what: 'the keys to be forgotten' })

  const [retried, removed] = await alice.queue.addMany([
    { name: 'work', data: 'retried' },
    { name: 'work', data: 'removed' },
  ])
  for (const added of [retried, removed]) {
    await expect(alice.queue.waitFor(added?.id ?? '')).rejects.toMatchObject({ code: 'ERR_JOB_FAILED' })
  }
  expect(await groups()).toHaveLength(2)
  // Each sweep asks for them.
  let sweeps = 0
  const { onceGroups } = alice.node
  alice.node.onceGroups = (prefix) => {
    sweeps += 1
    return onceGroups.call(alice.node, prefix)
  }
  await waitUntil(() => sweeps > 2, { what: 'the keys to be looked through' })
  alice.node.onceGroups = onceGroups
  expect(await groups()).toHaveLength(2)
  await alice.queue.remove(removed?.id ?? '')
  await waitUntil(async () => (await groups()).length === 1, { what: 'those of the removed job to go' })
  isRight = true
  await alice.queue.redrive()
  await alice.queue.waitFor(retried?.id ?? '')
  await waitUntil(async () => (await groups()).length === 0, { what: 'those of the retried job to go' })
  expect((await textsAt(alice)).sort()).toEqual(['good', 'removed', 'retried'])
  expect(alice.told).toEqual([])
})

it('the keys of a job go as it is done: nothing has to look for them', async () => {
  const alice = await boundNode({ identity: 'alice' })
  const go = Promise.withResolvers<void>()
  alice.queue.registerHandler('work', async (job) => {
    await jobMessages(alice.node, job).publish('test', { text: 'one' })
    await go.promise
  })
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  await waitUntil(() => alice.store.end === 1, { what: 'it to run' })
  expect(await alice.node.onceGroups('job:')).toEqual([`job:${id}`])
  go.resolve()
  await waitUntil(async () => (await alice.node.onceGroups('job:')).length === 0, {
    what: 'the keys to be forgotten',
  })
})

it('the keys of a job stay for a while after it was done: a power cut may take back that it is', async () => {
  const alice = await boundNode({ identity: 'alice', sent: { sweepMs: 20, settleMs: 1_500 } })
  alice.queue.registerHandler('work', async (job) => {
    await jobMessages(alice.node, job).publish('test', { text: 'one' })
  })
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  const done = new Promise<number>((resolve) =>
    alice.queue.addEventListener('done', () => resolve(performance.now())),
  )
  const doneMs = await done
  await waitUntil(async () => (await alice.node.onceGroups('job:')).length === 0, {
    what: 'the keys to be forgotten',
  })
  expect(performance.now() - doneMs).toBeGreaterThan(1_400)
  expect(await alice.queue.get(id)).toMatchObject({ status: 'done' })
})

it('keys that are left over are found at the start, and those of jobs that go on stay', async () => {
  const first = await boundNode({ identity: 'alice' })
  first.queue.registerHandler('work', async (job) => {
    await jobMessages(first.node, job).publish('test', { text: 'one' })
    throw new Error('later')
  })
  await first.begin()
  const { id } = await first.queue.add('work', null, {
    retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 3_600_000 } },
  })
  await waitUntil(async () => (await first.queue.get(id))?.status === 'delayed', { what: 'it to wait' })
  await first.node.publish('test', { text: 'of a job that is gone' }, { once: 'job:work:gone/1' })
  await first.node.publish('test', { text: 'of somebody else' }, { once: 'work/1' })
  await first.stop()

  const again = await boundNode({ identity: 'alice', directory: first.directory })
  await again.begin()
  await waitUntil(async () => (await again.node.onceGroups()).length === 2, { what: 'the rest to go' })
  expect((await again.node.onceGroups()).sort()).toEqual([`job:${id}`, 'work'])
})

it('an attempt that was told to end sends nothing more', async () => {
  const alice = await boundNode({ identity: 'alice' })
  const outcomes: unknown[] = []
  const late = Promise.withResolvers<JobContext>()
  alice.queue.registerHandler('work', async (job) => {
    const messages = jobMessages(alice.node, job)
    await messages.publish('test', { text: 'in time' })
    await new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve()))
    outcomes.push(await messages.publish('test', { text: 'late' }).catch((error) => error.code))
    outcomes.push(await messages.send(bobsId, { text: 'late' }).catch((error) => error.code))
    late.resolve(job)
  })
  await alice.begin()
  const { id } = await alice.queue.add('work', null)
  await waitUntil(() => alice.store.end === 1, { what: 'it to run' })
  await alice.queue.cancel(id)
  await late.promise
  expect(outcomes).toEqual(['ERR_JOB_CANCELLED', 'ERR_JOB_CANCELLED'])
  expect(await textsAt(alice)).toEqual(['in time'])
  expect(await sentTo(alice)).toEqual([])
})

/** A schema that takes whatever it is given. */
function anything() {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value: value as { at: number } }),
    },
  } as const
}
