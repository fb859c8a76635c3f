import { describe, expect, test } from 'vitest'
import { Counters } from '../src/counters.ts'
import type { Operation } from '../src/index.ts'
import { append, appendAll } from './fixtures/batches.ts'
import { expectExactCounters } from './fixtures/expect-exact-counters.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const writer = (identity: string, topic: string) =>
  new LogWriter({ identity, channel: `topic/${topic}`, signed: false })

describe('counters', () => {
  test('tell messages, batches and bytes by sender, by channel and by both, the largest first', async () => {
    const store = await openStore()
    const [a, b, c] = [writer('alice', 'x'), writer('alice', 'y'), writer('bob', 'x')]
    const batches = [
      await a.write({ count: 5 }),
      await b.write({ count: 2 }),
      await c.write(),
      await c.write({ count: 3 }),
    ]
    await appendAll(store, batches)
    const [alice, bob] = [a.signer.publicKey, c.signer.publicKey].map((key) => Buffer.from(key))
    const bytes = batches.map(({ envelope }) => envelope.length) as [number, number, number, number]
    expect(store.taken).toEqual({ messages: 11, batches: 4, bytes: bytes.reduce((x, y) => x + y) })
    expect(store.counts({ by: 'sender' }).counts).toEqual([
      { sender: alice, messages: 7, batches: 2, bytes: bytes[0] + bytes[1] },
      { sender: bob, messages: 4, batches: 2, bytes: bytes[2] + bytes[3] },
    ])
    expect(store.counts({ by: 'channel' }).counts).toMatchObject([
      { channel: 'topic/x', messages: 9, batches: 3 },
      { channel: 'topic/y', messages: 2, batches: 1 },
    ])
    const pairs = store.counts({ by: 'pair', order: 'batches', limit: 2 })
    expect(pairs).toMatchObject({ size: 3, counts: [{ sender: bob, channel: 'topic/x', batches: 2 }, {}] })
    expect(store.counts({ by: 'pair', order: 'messages', offset: 2 }).counts).toMatchObject([
      { sender: alice, channel: 'topic/y', messages: 2 },
    ])
    expect(store.counts({ by: 'pair', channel: 'topic/x' }).counts).toMatchObject([
      { sender: alice, messages: 5 },
      { sender: bob, messages: 4 },
    ])
    expect(store.counts({ by: 'pair', sender: alice as Buffer })).toMatchObject({ size: 2 })
    await expectExactCounters(store)
    await store.stop()
    await store.start()
    await expectExactCounters(store)
    await append(store, await a.write({ count: 2 }))
    await expectExactCounters(store)
  })

  test('are read page by page in an order that stays while they grow', async () => {
    const store = await openStore()
    const topics = ['c', 'a', 'd', 'b'].map((topic) => writer('alice', topic))
    for (const topic of topics) await append(store, await topic.write())
    const page = (offset: number) =>
      store.counts({ by: 'channel', order: 'first', offset, limit: 2 }).counts.map(({ channel }) => channel)
    const first = page(0)
    await append(store, await (topics[3] as LogWriter).write({ count: 9 }))
    await append(store, await writer('alice', 'aa').write({ count: 20 }))
    expect([...first, ...page(2), ...page(4)].sort()).toEqual([
      'topic/a',
      'topic/aa',
      'topic/b',
      'topic/c',
      'topic/d',
    ])
  })

  test('stay when retention removes what they counted; what is stored does not', async () => {
    const store = await openStore()
    const alice = writer('alice', 'x')
    for (let i = 0; i < 4; i++) await append(store, await alice.write({ count: 3 }))
    const { taken } = store
    await store.prune({ receivedBeforeMs: Number.MAX_SAFE_INTEGER, maxBytes: 0, own: new Uint8Array(57) })
    for (const round of ['at once', 'after a restart']) {
      expect(store.taken, round).toEqual(taken)
      expect(store.counts({ by: 'pair' }).counts, round).toMatchObject([taken])
      expect(store.sizes, round).toMatchObject({ storedBatches: 1, storedMessages: 3 })
      await store.stop()
      await store.start()
    }
  })

  test('cost a put for each that a group of commits touches, not for each batch', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const alice = writer('alice', 'x')
    const release = database.holdWrites()
    const committed: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      const placement = await store.place(await alice.write())
      if (placement.status === 'appended') committed.push(placement.committed)
    }
    release()
    await Promise.all(committed)
    const counterKeys = database.writes
      .slice(1)
      .map((keys) => keys.filter((key) => key.startsWith('N')).length)
    expect(counterKeys.length).toBeLessThan(50)
    expect(new Set(counterKeys)).toEqual(new Set([4]))
    await expectExactCounters(store)
  })

  test('beyond their number are one, for all others; which have their own is remembered', async () => {
    const database = await FaultyDatabase.create()
    await database.open()
    const counters = new Counters({ database })
    await counters.load()
    const group: Operation[] = []
    const count = (number: number) => {
      const sender = Buffer.alloc(57)
      sender.writeUInt32BE(number)
      counters.add({ sender, channel: 'topic/x', messages: 2, bytes: 10 }, group)
    }
    for (let i = 0; i < 8192 + 3; i++) count(i)
    count(0)
    count(8192)
    await database.write(group, { sync: false })
    for (const one of [counters, new Counters({ database })]) {
      if (one !== counters) await one.load()
      const { size, others, counts } = one.list({ by: 'sender', limit: 2 })
      expect({ size, others }).toEqual({ size: 8192, others: { messages: 8, batches: 4, bytes: 40 } })
      expect(counts[0]).toMatchObject({ sender: Buffer.alloc(57), messages: 4 })
      expect(one.list({ by: 'pair' })).toMatchObject({ size: 8195, others: { batches: 0 } })
      expect(one.total).toEqual({ messages: 2 * 8197, batches: 8197, bytes: 81_970 })
    }
    await database.close()
  })
})
