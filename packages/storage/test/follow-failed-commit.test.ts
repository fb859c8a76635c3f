import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { append, appendAll } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

/** Takes entries until one reaches a position, and checks that they touch. */
async function takeUntil(
  follower: ReturnType<MessageStore['follow']>,
  from: number,
  end: number,
): Promise<void> {
  let position = from
  while (position < end) {
    const { value } = await follower.next()
    expect(value.position).toBe(position)
    position = value.position + value.count
  }
}

describe('a follower goes on across a failed commit, nothing missed or doubled,', () => {
  test('when it waits at the end', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const follower = store.follow()
    const taken = takeUntil(follower, 0, 4)
    await append(store, await writer.write({ count: 2 }))
    database.failNextWrite()
    const failing = await writer.write({ count: 2 })
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    await expect(append(store, failing)).rejects.toThrow()
    await reopened
    await append(store, failing)
    await taken
    await follower.return(undefined)
  })

  test('also what a failed commit brought to the disk all the same', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write({ count: 2 }))
    const follower = store.follow()
    await takeUntil(follower, 0, 2)
    const taken = takeUntil(follower, 2, 7)
    database.failNextWrite('on disk')
    await expect(append(store, await writer.write({ count: 5 }))).rejects.toThrow()
    await taken
    await follower.return(undefined)
  })

  test.each([
    ['everything', {}],
    ['one channel', { channel: 'topic/test' }],
  ])('when it was in the middle of reading %s from disk and came back only later', async (_, filter) => {
    const database = await FaultyDatabase.create()
    const first = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice', signed: false })
    for (let i = 0; i < 100; i++) await append(first, await writer.write({ count: 3 }))
    await first.stop()
    // A new store has nothing in memory to follow from.
    const store = await openStore({ database })
    const follower = store.follow(filter)
    await takeUntil(follower, 0, 6)
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    database.failNextWrite()
    await expect(append(store, await writer.fork().write())).rejects.toThrow()
    await reopened
    await takeUntil(follower, 6, 300)
    const live = takeUntil(follower, 300, 301)
    await append(store, await writer.write())
    await live
    await follower.return(undefined)
  })

  test('when it wants to read while the database cannot be opened', async () => {
    const database = await FaultyDatabase.create()
    const first = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice', signed: false })
    await appendAll(first, await Promise.all(Array.from({ length: 40 }, () => writer.write())))
    await first.stop()
    const store = await openStore({ database })
    database.failOpens(2)
    database.failNextWrite()
    await expect(append(store, await writer.fork().write())).rejects.toThrow()
    const follower = store.follow()
    await takeUntil(follower, 0, 40)
    await follower.return(undefined)
  })
})
