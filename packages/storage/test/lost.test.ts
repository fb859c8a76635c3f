import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { append, entered, inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

type Batches = [SignedBatch, SignedBatch, SignedBatch, SignedBatch, SignedBatch]

async function write(writer = new LogWriter({ identity: 'alice' })): Promise<Batches> {
  const all: SignedBatch[] = []
  for (let i = 0; i < 5; i++) all.push(await writer.write({ count: 2 }))
  return all as Batches
}

async function giveUpAll(store: MessageStore): Promise<void> {
  for (const gap of await store.gaps(10)) await store.giveUp(gap, 'denied')
}

describe('a range that is given up', () => {
  test('is an entry `lost`, and the log goes on with what was held', async () => {
    const store = await openStore()
    const [first, , , fourth, fifth] = await write()
    await append(store, first)
    await offer(store, fifth)
    await offer(store, fourth)
    await giveUpAll(store)
    await entered(store, 7)
    expect(await inShort(store)).toEqual(['0-1', 'lost 2-5 (denied)', '6-7', '8-9'])
    expect(await store.gaps(10)).toEqual([])
    await expectSoundOrder(store)
  })

  test('shows to readers of its channel and of its sender', async () => {
    const store = await openStore()
    const [, second] = await write()
    await offer(store, second)
    await giveUpAll(store)
    await entered(store, 3)
    const { sender, channel } = second.batch
    for (const options of [{ channel }, { sender }, { channel, sender }]) {
      const kinds: string[] = []
      for await (const entry of store.read(options)) kinds.push(entry.kind)
      expect(kinds).toEqual(['lost', 'batch'])
    }
  })

  test('may be the end of the run before', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const [first] = await write(writer)
    const next = await writer.newRun().write()
    await append(store, first)
    await offer(store, next)
    await giveUpAll(store)
    await entered(store, 4)
    expect(await inShort(store)).toEqual(['0-1', 'lost 2-9 (denied)', '0-0'])
    await expectSoundOrder(store)
  })

  test('is not given up when it has come meanwhile', async () => {
    const store = await openStore()
    const [first, second] = await write()
    await offer(store, second)
    const [gap] = await store.gaps(10)
    await append(store, first)
    await entered(store, 4)
    if (gap === undefined) throw new Error('there is no gap')
    expect(await store.giveUp(gap, 'denied')).toBeUndefined()
    expect(await inShort(store)).toEqual(['0-1', '2-3'])
  })

  test('enters at the end as `late` if it turns up after all, naming the entry', async () => {
    const store = await openStore()
    const [first, second, third, fourth] = await write()
    await append(store, first)
    await offer(store, fourth)
    await giveUpAll(store)
    await entered(store, 5)
    expect((await offer(store, third)).status).toBe('appended')
    expect(await store.lostRanges(10)).toEqual([{ log: third.log, first: 2, last: 3 }])
    expect((await offer(store, second)).status).toBe('appended')
    expect((await offer(store, third)).status).toBe('known')
    expect(await inShort(store)).toEqual(['0-1', 'lost 2-5 (denied)', '6-7', '4-5 late@2', '2-3 late@2'])
    expect(await store.lostRanges(10)).toEqual([])
    await expectSoundOrder(store)
  })

  test('at the end of a run turns up before what comes next, and then counts as its end', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const [first, second, third] = [await writer.write(), await writer.write(), await writer.write()]
    const run = await writer.newRun().write()
    await append(store, first)
    await offer(store, run)
    await giveUpAll(store)
    await entered(store, 3)
    for (const signed of [second, third]) expect((await offer(store, signed)).status).toBe('appended')
    expect(await inShort(store)).toEqual(['0-0', 'lost 1-2 (denied)', '0-0', '1-1 late@1', '2-2 late@1'])
    await expectSoundOrder(store)
  })

  test('may turn up in the middle alone: what is around it is still lost', async () => {
    const store = await openStore()
    const [, second, , fourth] = await write()
    await offer(store, fourth)
    await giveUpAll(store)
    await entered(store, 3)
    expect((await offer(store, second)).status).toBe('appended')
    expect(await inShort(store)).toEqual(['lost 0-5 (denied)', '6-7', '2-3 late@0'])
    const { log } = second
    expect(await store.lostRanges(10)).toEqual([
      { log, first: 0, last: 1 },
      { log, first: 4, last: 5 },
    ])
    await expectSoundOrder(store)
  })

  test('is found by its log, and behind another', async () => {
    const store = await openStore()
    const all = await Promise.all(
      ['alice', 'bob', 'carol'].map(async (identity) => write(new LogWriter({ identity }))),
    )
    for (const [, , , fourth] of all) await offer(store, fourth)
    await giveUpAll(store)
    await entered(store, 9)
    for (const [, second] of all) await offer(store, second)
    const found = await store.lostRanges(10)
    expect(found).toHaveLength(6)
    for (const [{ log }] of all) {
      const ranges = [
        { log, first: 0, last: 1 },
        { log, first: 4, last: 5 },
      ] as const
      expect(await store.lostRanges(10, { log })).toEqual(ranges)
      expect(await store.lostRanges(10, { log, after: ranges[0] })).toEqual(ranges.slice(1))
      expect(await store.lostRanges(10, { log, after: ranges[1] })).toEqual([])
    }
    const paged: typeof found = []
    for (let page = found.slice(0, 2); page.length > 0; ) {
      paged.push(...page)
      page = await store.lostRanges(2, { after: page.at(-1) as (typeof found)[0] })
    }
    expect(paged).toEqual(found)
  })

  test('whose first batch turns up says what is missing of the run before', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await write(writer)
    const middle = await writer.newRun().write()
    const last = await writer.newRun().write()
    await offer(store, last)
    await giveUpAll(store)
    await entered(store, 2)
    expect((await offer(store, middle)).status).toBe('held')
    await giveUpAll(store)
    await store.settled()
    expect(await inShort(store)).toEqual(['lost 0-0 (denied)', '0-0', 'lost 0-9 (denied)', '0-0 late@0'])
    await expectSoundOrder(store)
  })

  test('is taken in late only if it fits what is stored around it', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const first = await writer.write()
    const fork = writer.fork()
    await writer.write()
    const third = await writer.write()
    await append(store, first)
    await offer(store, third)
    await giveUpAll(store)
    await entered(store, 3)
    const other = await fork.write({ bodies: [Buffer.from('other')] })
    expect(await offer(store, other)).toMatchObject({
      status: 'conflict',
      reason: 'the batch behind it names another predecessor',
    })
    expect(store.alerts()).toMatchObject([{ kind: 'frozen', log: writer.log }])
    await expectSoundOrder(store)
  })
})

describe('history that is not wanted', () => {
  test('is an entry `before-history`, and is not waited for', async () => {
    const store = await openStore()
    const [, , , fourth, fifth] = await write()
    const wantedSinceMs = fifth.batch.createdAtMs
    expect((await offer(store, fourth, { wantedSinceMs })).status).toBe('appended')
    expect((await offer(store, fifth, { wantedSinceMs })).status).toBe('appended')
    expect(await inShort(store)).toEqual(['before-history 0-5 (before-history)', '6-7', '8-9'])
    expect(await store.lostRanges(10)).toEqual([])
    await expectSoundOrder(store)
  })

  test('may end with the run before', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await write(writer)
    const next = await writer.newRun().write()
    const wantedSinceMs = next.batch.createdAtMs + 1
    expect((await offer(store, next, { wantedSinceMs })).status).toBe('appended')
    expect(await inShort(store)).toEqual(['before-history 0-9 (before-history)', '0-0'])
    await expectSoundOrder(store)
  })

  test('is waited for if the batch behind it is younger than that', async () => {
    const store = await openStore()
    const [, second] = await write()
    const wantedSinceMs = second.batch.createdAtMs
    expect((await offer(store, second, { wantedSinceMs })).status).toBe('held')
  })

  test('does not swallow what is held: that enters first', async () => {
    const store = await openStore()
    const [, , third, , fifth] = await write()
    expect((await offer(store, third)).status).toBe('held')
    const wantedSinceMs = fifth.batch.createdAtMs + 1
    await offer(store, fifth, { wantedSinceMs })
    await store.settled()
    expect(await inShort(store)).toEqual(['before-history 0-3 (before-history)', '4-5'])
    expect(await store.gaps(10)).toMatchObject([{ first: 6, last: 7 }])
    await expectSoundOrder(store)
  })

  test('does not come in by the back door', async () => {
    const store = await openStore()
    const [first, second, third] = await write()
    const wantedSinceMs = third.batch.createdAtMs
    await offer(store, second, { wantedSinceMs })
    expect((await offer(store, first, { wantedSinceMs })).status).toBe('pruned')
  })
})
