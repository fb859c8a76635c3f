import { LevelDatabase, type Operation } from '@pastel-mesh/storage'
import type { Endpoint } from './endpoint.ts'
import type { Task } from './variants.ts'

/** As many ended jobs are kept as ours keeps. */
const KEPT = 1000

/**
 * What is left when everything is taken away that makes it a queue: no handlers, no checks, no counts, no leases, no
 * events. A job is written, with a sync; then it is moved to those that have ended, without one, and the oldest of
 * these is removed. That is the least that has to be in a database before a caller can rely on a job, and then on its
 * end; as ours, all that wait while a write is in flight go together in the next one. What this takes, LevelDB and the
 * machine take.
 */
export async function floorEndpoint({ address }: Task, onDone: () => void): Promise<Endpoint> {
  const database = new LevelDatabase(address)
  await database.open()
  let next = 0
  let added: Waiting[] = []
  let ending: Waiting[] = []
  let isWriting = false

  const write = async () => {
    isWriting = true
    // Callers of the same tick share the first write.
    await undefined
    while (added.length + ending.length > 0) {
      const [begun, ended] = [added, ending]
      added = []
      ending = []
      const operations = [
        ...begun.map(({ number, value }) => put('live', number, value)),
        ...ended.flatMap(end),
      ]
      await database.write(operations, { sync: begun.length > 0 })
      for (const job of begun) job.kept()
      ending.push(...begun)
      for (const _ of ended) onDone()
      // Whoever has waited for these goes on first, as callers of ours do.
      await undefined
    }
    isWriting = false
  }

  return {
    add: (data) =>
      new Promise<void>((kept) => {
        added.push({ number: next, value: Buffer.from(JSON.stringify(data)), kept })
        next += 1
        if (!isWriting) write().catch(fail)
      }),
    stop: () => database.close(),
  }
}

interface Waiting {
  readonly number: number
  readonly value: Buffer
  readonly kept: () => void
}

function end({ number, value }: Waiting): Operation[] {
  return [
    { type: 'del', key: key('live', number) },
    put('ended', number, value),
    ...(number < KEPT ? [] : [{ type: 'del', key: key('ended', number - KEPT) } as const]),
  ]
}

function put(place: string, number: number, value: Buffer): Operation {
  return { type: 'put', key: key(place, number), value }
}

function key(place: string, number: number): Buffer {
  return Buffer.from(`${place}/${number.toString().padStart(16, '0')}`)
}

function fail(error: unknown): never {
  throw new Error('a write of the benchmark failed', { cause: error })
}
