import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { MessageStore, Missing, Placement } from '../src/index.ts'
import { append, entered, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

async function settled(store: MessageStore, batches: readonly SignedBatch[]): Promise<string[]> {
  return Promise.all(
    batches.map(async (signed) => {
      const placement: Placement = await store.place(signed)
      if ('committed' in placement) await placement.committed
      return placement.status
    }),
  )
}

describe('batches placed at once', () => {
  test('the same batch twice is appended once, and known once it is on disk', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    for (let i = 0; i < 20; i++) {
      const signed = await writer.write({ count: 2 })
      expect((await settled(store, [signed, signed, signed])).sort()).toEqual(['appended', 'known', 'known'])
    }
    await expectSoundOrder(store)
  })

  test('"known" is not said before the batch is on disk', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const signed = await new LogWriter({ identity: 'alice' }).write()
    const release = database.holdWrites()
    const first = await store.place(signed)
    await database.happened('write begun', 2)
    const writesBefore = database.writes.length
    const again = store.place(signed).then((placement) => ({ placement, writes: database.writes.length }))
    // It looks, and finds nothing on disk yet.
    await store.has(signed)
    release()
    expect(await again).toEqual({ placement: { status: 'known' }, writes: writesBefore + 1 })
    expect(first.status).toBe('appended')
  })

  test('a known batch of a log that is being written does not wait for the writing', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const old = await writer.write()
    await append(store, old)
    const release = database.holdWrites()
    const placing = await store.place(await writer.write())
    await database.happened('write begun', 3)
    expect(await store.place(old)).toEqual({ status: 'known' })
    release()
    expect(placing.status).toBe('appended')
  })

  test('the second of a batch does not wait for all the commits that come after the first', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const signed = await new LogWriter({ identity: 'alice' }).write()
    const release = database.holdWrites()
    await store.place(signed)
    await database.happened('write begun', 2)
    const again = store.place(signed)
    await store.has(signed)
    // From here on there is always another commit on its way.
    let isAnswered = false
    const busy = (async () => {
      while (!isAnswered && database.writes.length < 1000) {
        await store.writer.commit((operations) => {
          operations.push({ type: 'put', key: Buffer.from('Z'), value: Buffer.alloc(1) })
          const more = [store.writer.commit(() => {}), store.writer.commit(() => {})]
          for (const one of more) one.catch(() => {})
        })
      }
    })()
    release()
    expect(await again).toEqual({ status: 'known' })
    isAnswered = true
    await busy
    expect(database.writes.length).toBeLessThan(10)
  })

  test('a batch placed while its predecessor is being written goes in behind it', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const batches = [await writer.write(), await writer.write({ count: 3 }), await writer.newRun().write()]
    const release = database.holdWrites()
    const committed: Promise<unknown>[] = []
    for (const signed of batches) {
      const placement = await store.place(signed)
      if (placement.status === 'appended') committed.push(placement.committed)
    }
    expect(committed).toHaveLength(3)
    release()
    await Promise.all(committed)
    await expectSoundOrder(store)
  })

  test('two that contradict each other: one is appended, the other is a conflict', async () => {
    const store = await openStore()
    for (let i = 0; i < 10; i++) {
      // Either may win, so each round has a log of its own.
      const writer = new LogWriter({ identity: `alice ${i}` })
      const fork = await writer.fork().write({ bodies: [Buffer.from('other')] })
      const batch = await writer.write()
      expect((await settled(store, [batch, fork])).sort()).toEqual(['appended', 'conflict'])
    }
    await expectSoundOrder(store)
  })

  test('what contradicts a batch on disk is found out without a commit', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const other = await writer.fork().write({ bodies: [Buffer.from('other')] })
    await append(store, await writer.write())
    const { commits } = store.writer.stats
    expect(await store.place(other)).toMatchObject({ status: 'conflict' })
    expect(store.writer.stats.commits).toBe(commits)
  })

  test('a whole log in any order, each twice, ends up complete and in sequence', async () => {
    const store = await openStore()
    const writers = ['a', 'b', 'c'].map((identity) => new LogWriter({ identity, signed: false }))
    const batches: SignedBatch[] = []
    for (let i = 0; i < 30; i++) {
      for (const writer of writers) {
        if (i === 15) writer.newRun()
        batches.push(await writer.write({ count: 1 + (i % 3) }))
      }
    }
    const all = [...batches, ...batches].sort((a, b) => Buffer.compare(a.hash, b.hash))
    const outcomes = new Set(await settled(store, all))
    for (const outcome of outcomes) expect(['appended', 'held', 'known']).toContain(outcome)
    await entered(store, 3 * 60)
    expect(await expectSoundOrder(store)).toHaveLength(batches.length)
  })

  test('a look at the disk from before the write is not mistaken for a contradiction', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const signed = await new LogWriter({ identity: 'alice' }).write()
    const releaseWrites = database.holdWrites()
    const first = await store.place(signed)
    await database.happened('write begun', 2)
    // The second looks for the batch on disk before it is there, and learns the outcome after it is.
    const releaseReads = database.holdNextRead()
    const again = store.place(signed)
    await database.happened('read held')
    releaseWrites()
    if (first.status === 'appended') await first.committed
    releaseReads()
    expect(await again).toEqual({ status: 'known' })
  })

  test('a run that names another end of what it follows is found out while that is being written', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const twin = writer.fork()
    await writer.write()
    const next = await writer.newRun().write()
    const release = database.holdWrites()
    // The log goes on beyond the place that the run follows, so what stands there has to be looked up.
    await store.place(await twin.write({ bodies: [Buffer.from('other')] }))
    await store.place(await twin.write())
    await database.happened('write begun', 2)
    const placing = store.place(next)
    await store.has(next)
    release()
    const placed = await placing
    if (placed.status === 'conflict') await placed.committed
    expect(placed.status).toBe('conflict')
    expect(await store.evidence(next.logBytes)).toHaveLength(2)
    await expectSoundOrder(store)
  })

  test('a contradiction of a batch that is being written is kept with both', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const twin = writer.fork()
    await twin.write({ bodies: [Buffer.from('other')] })
    const release = database.holdWrites()
    await store.place(await writer.write())
    await database.happened('write begun', 2)
    const second = await twin.write()
    const placing = store.place(second)
    await store.has(second)
    release()
    const placed = await placing
    if (placed.status === 'conflict') await placed.committed
    expect(placed.status).toBe('conflict')
    expect(await store.evidence(second.logBytes)).toHaveLength(2)
  })

  test('what turns up late and does not fit a run that is being written behind it is found out', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const twin = writer.fork()
    await writer.write()
    expect((await offer(store, await writer.newRun().write())).status).toBe('held')
    const [gap] = await store.gaps(1)
    await store.giveUp(gap as Missing, 'denied')
    // Now the run enters that waited for it.
    const release = database.holdWrites()
    const writes = database.events.filter((event) => event === 'write begun').length
    await database.happened('write begun', writes + 1)
    const late = await twin.write({ bodies: [Buffer.from('other')] })
    const placing = store.place(late)
    await store.has(late)
    release()
    expect((await placing).status).toBe('conflict')
    await store.settled()
    await expectSoundOrder(store)
  })
})
