import { expect, onTestFinished, test } from 'vitest'
import { until } from '../src/conformance/conformance-case.ts'
import { createQueue, memoryDriver, type Queue } from '../src/index.ts'
import { WatchedDatabase } from './fixtures/watched-database.ts'

const TEXT = 'x'.repeat(500 * 1024)
const MIB = 2 ** 20

async function openWatched(): Promise<{ queue: Queue; database: ReadDatabase }> {
  const database = new ReadDatabase()
  const queue = createQueue({ driver: memoryDriver({}, { database }) })
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  await queue.start()
  return { queue, database }
}

/** Knows how much was read of jobs that wait in one go, at most. */
class ReadDatabase extends WatchedDatabase {
  mostBytes = 0
  mostKeys = 0

  override async *iterate(range: Parameters<WatchedDatabase['iterate']>[0]) {
    let bytes = 0
    for await (const entry of super.iterate(range)) {
      if (entry[0].toString('latin1').startsWith('QJ')) bytes += entry[1].length
      this.mostBytes = Math.max(this.mostBytes, bytes)
      yield entry
    }
  }

  override getMany(keys: Buffer[]) {
    if (keys[0]?.toString('latin1').startsWith('QR')) this.mostKeys = Math.max(this.mostKeys, keys.length)
    return super.getMany(keys)
  }
}

test('jobs with much data are not all read at once, and all run', async () => {
  const { queue, database } = await openWatched()
  for (let n = 0; n < 60; n += 1) await queue.add('work', TEXT)
  let runs = 0
  queue.registerHandler('work', () => {
    runs += 1
  })
  await until('all have run', () => runs === 60)
  expect(database.mostBytes).toBeGreaterThan(0)
  expect(database.mostBytes).toBeLessThan(9 * MIB)
  await queue.drain()
})

test('jobs that are all changed are read a hundred at a time', async () => {
  const { queue, database } = await openWatched()
  queue.registerHandler('work', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
  await queue.addMany(Array.from({ length: 250 }, () => ({ name: 'work', data: 1 })))
  await queue.drain()
  await queue.pause()
  expect(await queue.redrive()).toBe(250)
  expect(database.mostKeys).toBe(100)
  expect(await queue.clear({ status: 'waiting' })).toBe(250)
})

test('one call is taken however large, if nothing else is on its way; beside others it is refused', async () => {
  const { queue } = await openWatched()
  const many = Array.from({ length: 100_001 }, () => ({ name: 'work', data: 1 }))
  const large = Array.from({ length: 140 }, () => ({ name: 'work', data: TEXT }))
  const first = queue.addMany(large)
  await expect(queue.addMany(many)).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' })
  expect(await first).toHaveLength(140)
  expect(await queue.addMany(many)).toHaveLength(100_001)
}, 30_000)
