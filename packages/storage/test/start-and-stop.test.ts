import { describe, expect, test } from 'vitest'
import { createStore } from '../src/index.ts'
import { append, offer } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const alice = () => new LogWriter({ identity: 'alice' }).write()

describe('starting and stopping', () => {
  test('twice, also at once, is as good as once', async () => {
    const database = await FaultyDatabase.create()
    const store = createStore({ directory: database.directory }, { database })
    await Promise.all([store.start(), store.start()])
    await store.start()
    expect(database.events).toEqual(['open', 'write begun', 'write'])
    const { storeId } = store
    await append(store, await alice())
    await Promise.all([store.stop(), store.stop()])
    await store.stop()
    expect(database.events.filter((event) => event === 'close')).toHaveLength(1)
    await store.start()
    expect(Buffer.compare(store.storeId, storeId)).toBe(0)
    await store.stop()
  })

  test('a store that was never started can be stopped', async () => {
    const database = await FaultyDatabase.create()
    await createStore({ directory: database.directory }, { database }).stop()
    expect(database.events).toEqual([])
  })

  test('the second stop waits for the first, and a start for both', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const release = database.holdWrites()
    const placing = await store.place(await alice())
    await database.happened('write begun', 2)
    const ended: string[] = []
    const stops = [store.stop(), store.stop()].map((stop) => stop.then(() => ended.push('stop')))
    const start = store.start().then(() => ended.push('start'))
    release()
    await Promise.all([...stops, start])
    expect(ended).toEqual(['stop', 'stop', 'start'])
    expect(placing.status).toBe('appended')
    expect(store.end).toBe(1)
  })

  test('stopping writes what was accepted, and takes nothing more', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const release = database.holdWrites()
    const writer = new LogWriter({ identity: 'alice' })
    const committed: Promise<unknown>[] = []
    for (let i = 0; i < 3; i++) {
      const placement = await store.place(await writer.write())
      if (placement.status === 'appended') committed.push(placement.committed)
    }
    const stopped = store.stop()
    const late = store.place(await writer.write())
    await expect(late).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    release()
    await Promise.all([...committed, stopped])
    await store.start()
    expect(store.end).toBe(3)
  })

  test('stopping ends while the database cannot be opened again', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    database.failNextWrite()
    database.failOpens(Number.POSITIVE_INFINITY)
    await expect(append(store, await alice())).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await database.happened('open failed')
    await store.stop()
    database.failOpens(0)
    await store.start()
    await append(store, await alice())
  })

  test('stopping ends when the last write fails and the database cannot be opened again', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const release = database.holdWrites()
    const placing = await store.place(await alice())
    await database.happened('write begun', 2)
    database.failNextWrite()
    database.failOpens(Number.POSITIVE_INFINITY)
    const stopped = store.stop()
    release()
    if (placing.status !== 'appended') throw new Error(placing.status)
    await expect(placing.committed).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await stopped
  })

  test('nothing is taken before the disk was read', async () => {
    const database = await FaultyDatabase.create()
    const { directory } = database
    const before = await openStore({ directory })
    await append(before, await new LogWriter({ identity: 'alice' }).write())
    await before.stop()
    const store = createStore({ directory }, { database })
    const release = database.holdNextRead()
    const starting = store.start()
    await database.happened('read held')
    const early = offer(store, await new LogWriter({ identity: 'bob' }).write())
    await expect(early).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    release()
    await starting
    expect(store.end).toBe(1)
    await store.stop()
  })

  test('a start whose first write fails closes the database, and can be tried again', async () => {
    const database = await FaultyDatabase.create()
    const store = createStore({ directory: database.directory }, { database })
    database.failNextWrite()
    await expect(store.start()).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    const other = await openStore({ directory: database.directory })
    await other.stop()
    await store.start()
    await append(store, await alice())
    await store.stop()
  })
})
