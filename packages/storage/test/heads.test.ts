import { type Head, logId, type SignedBatch } from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { append, appendAll } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

const idOf = ({ sender, channel, run }: Head) => logId(sender, channel, run)

/** Asks page after page, and checks that each gets further. */
async function allPages(
  store: MessageStore,
  from: number,
  channels: readonly string[],
  limit: number,
): Promise<{ pages: Head[][]; ends: number[] }> {
  const pages: Head[][] = []
  const ends: number[] = []
  for (let next = from; ; ) {
    const page = await store.heads(next, channels, limit)
    expect(page.heads.length).toBeLessThanOrEqual(limit)
    pages.push(page.heads)
    ends.push(page.next)
    expect(page.more).toBe(page.next < store.end)
    if (!page.more) return { pages, ends }
    expect(page.next).toBeGreaterThan(next)
    // A page must be one that a cursor can stand for.
    await store.cursorAt(page.next)
    next = page.next
  }
}

describe('heads', () => {
  test('are the ends of the logs with entries from a position on, in the order of those', async () => {
    const store = await openStore()
    const [a, b, c] = ['a', 'b', 'c'].map((identity) => new LogWriter({ identity })) as [
      LogWriter,
      LogWriter,
      LogWriter,
    ]
    await appendAll(store, [await a.write({ count: 2 }), await b.write({ count: 3 }), await c.write()])
    const last = await a.write({ count: 4 })
    await append(store, last)
    const all = await store.heads(0, ['topic/test'], 10)
    expect(all.heads.map(idOf)).toEqual([a.log, b.log, c.log])
    expect(all.heads.map(({ position }) => position)).toEqual([5, 2, 0])
    expect(all).toMatchObject({ next: 10, more: false })
    expect(Buffer.compare((all.heads[0] as Head).hash, last.hash)).toBe(0)
    expect((await store.heads(4, ['topic/test'], 10)).heads.map(idOf)).toEqual([b.log, c.log, a.log])
    expect((await store.heads(10, ['topic/test'], 10)).heads).toEqual([])
    expect(await store.heads(0, [], 10)).toEqual({ heads: [], next: 10, more: false })
  })

  test('page through several channels, with a limit of one, to the end', async () => {
    const store = await openStore()
    const a = new LogWriter({ identity: 'alice', channel: 'topic/a' })
    const b = new LogWriter({ identity: 'alice', channel: 'topic/b' })
    for (let i = 0; i < 5; i++) await appendAll(store, [await a.write(), await b.write()])
    for (const channels of [
      ['topic/a', 'topic/b'],
      ['topic/b', 'topic/a', 'topic/b'],
    ]) {
      const { pages } = await allPages(store, 0, channels, 1)
      expect(new Set(pages.flat().map(idOf))).toEqual(new Set([a.log, b.log]))
    }
  })

  test('tell only what is on disk', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write({ count: 2 }))
    const release = database.holdWrites()
    const placing = await store.place(await writer.write({ count: 5 }))
    const { heads } = await store.heads(0, ['topic/test'], 10)
    expect(heads.map(({ position }) => position)).toEqual([1])
    release()
    if (placing.status === 'appended') await placing.committed
  })

  test('one question looks at a bounded number of entries, and the next goes on', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writers = ['a', 'b'].map(
      (name) => new LogWriter({ identity: name, channel: `topic/${name}`, signed: false }),
    )
    const placed: Promise<unknown>[] = []
    for (let i = 0; i < 6000; i++) {
      for (const writer of writers) {
        const placement = await store.place(await writer.write())
        if (placement.status === 'appended') placed.push(placement.committed)
      }
    }
    await Promise.all(placed)
    const late = new LogWriter({ identity: 'late', channel: 'topic/b' })
    await append(store, await late.write())
    database.entriesRead = 0
    const first = await store.heads(0, ['topic/a', 'topic/b'], 10)
    expect(first).toMatchObject({ more: true })
    expect(database.entriesRead).toBeLessThan(9000)
    const { pages } = await allPages(store, 0, ['topic/a', 'topic/b'], 10)
    expect(pages).toHaveLength(2)
    expect(new Set(pages.flat().map(idOf))).toEqual(new Set([...writers.map(({ log }) => log), late.log]))
  })

  test('page after page skip no entry, whatever the limit, the channels and the beginning', async () => {
    const scenario = fc.record({
      batches: fc.array(
        fc.record({ sender: fc.nat(4), channel: fc.nat(2), count: fc.integer({ min: 1, max: 5 }) }),
        { minLength: 1, maxLength: 50 },
      ),
      limit: fc.integer({ min: 1, max: 4 }),
      channels: fc.array(fc.nat(3), { maxLength: 4 }),
      start: fc.nat(1000).map((thousandth) => thousandth / 1000),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ batches, limit, channels, start }) => {
        const store = await openStore()
        const writers = new Map<string, LogWriter>()
        const entries: { position: number; signed: SignedBatch }[] = []
        for (const { sender, channel, count } of batches) {
          const key = `${sender}/${channel}`
          const writer =
            writers.get(key) ??
            new LogWriter({ identity: `${sender}`, channel: `topic/${channel}`, signed: false })
          writers.set(key, writer)
          entries.push(await append(store, await writer.write({ count })))
        }
        const from = Math.floor(start * store.end)
        const asked = channels.map((channel) => `topic/${channel}`)
        const { pages, ends } = await allPages(store, from, asked, limit)
        for (const [page, heads] of pages.entries()) {
          const begin = page === 0 ? from : (ends[page - 1] as number)
          const covered = entries.filter(
            ({ position, signed: { batch } }) =>
              position + batch.count > begin &&
              position < (ends[page] as number) &&
              asked.includes(batch.channel),
          )
          expect(heads.map(idOf)).toEqual([...new Set(covered.map(({ signed }) => signed.log))])
        }
        await store.stop()
      }),
      { numRuns: PROPERTY_RUNS },
    )
  }, 600_000)
})
