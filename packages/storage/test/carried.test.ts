import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { append, collect, inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { InboxWriter, publicKeyOf } from './fixtures/inbox.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const carried = { carried: true }
const DAY_MS = 24 * 60 * 60_000

/** Every order of some things. */
function ordersOf<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]]
  return things.flatMap((one, i) => ordersOf(things.toSpliced(i, 1)).map((rest) => [one, ...rest]))
}

async function readAll(store: MessageStore, log: SignedBatch['log']): Promise<string[]> {
  const stored = await collect(store.readLog({ log, first: 0, last: 100 }))
  return stored.map(({ signed }) => Buffer.from(signed.hash).toString('hex'))
}

function hashes(...batches: SignedBatch[]): string[] {
  return batches.map(({ hash }) => Buffer.from(hash).toString('hex'))
}

/** Two batches of a run, and two of the run that follows it. */
async function writeTwoRuns(runs: string): Promise<[SignedBatch, SignedBatch, SignedBatch, SignedBatch]> {
  const { writer } = new InboxWriter({ from: 'alice', to: 'bob', runs })
  const before = [await writer.write({ count: 2 }), await writer.write({ count: 2 })] as const
  writer.newRun()
  return [...before, await writer.write({ count: 2 }), await writer.write({ count: 2 })]
}

describe('what is carried', () => {
  test('comes in any order, a run before the one that it follows as well, and over restarts', async () => {
    const store = await openStore()
    const orders = ordersOf([0, 1, 2, 3])
    for (const [number, order] of orders.entries()) {
      const batches = await writeTwoRuns(`${number}`)
      const from = store.end
      for (const [i, which] of order.entries()) {
        await append(store, batches[which] as SignedBatch, carried)
        if (i === number % 4) {
          await store.stop()
          await store.start()
        }
      }
      const [first, second, third, fourth] = batches
      const name = `order ${order}`
      expect(await readAll(store, first.log), name).toEqual(hashes(first, second))
      expect(await readAll(store, third.log), name).toEqual(hashes(third, fourth))
      const { heads } = await store.heads(from, [first.batch.channel], 10)
      const ends = heads.map(({ run, position }) => [Buffer.from(run).toString('hex'), position]).sort()
      const expected = [first, third].map(({ batch }) => [Buffer.from(batch.run).toString('hex'), 3]).sort()
      expect(ends, name).toEqual(expected)
      for (const signed of batches) {
        expect(await offer(store, signed, carried), name).toEqual({ status: 'known' })
      }
    }
    expect(orders).toHaveLength(24)
    expect(store.alerts()).toEqual([])
    expect(await store.gaps(10)).toEqual([])
    expect(await store.lostRanges(10)).toEqual([])
    await expectSoundOrder(store)
  })

  test('names the entry that said that it was missing, when it comes behind what is later', async () => {
    const store = await openStore()
    const [first, second, third] = await writeTwoRuns('')
    for (const signed of [third, second, first]) await append(store, signed, carried)
    expect(await inShort(store)).toEqual([
      'before-history 0-3 (before-history)',
      '0-1',
      '2-3 late@0',
      '0-1 late@0',
    ])
  })

  test('is not new again once it is delivered and removed, and what never came still is', async () => {
    const store = await openStore()
    const [first, second] = await writeTwoRuns('')
    await append(store, second, carried)
    await append(store, await new LogWriter({ identity: 'carol' }).write())
    await store.delivered([{ log: second.log, first: 2, last: 3 }])
    const rules = {
      receivedBeforeMs: Number.MAX_SAFE_INTEGER,
      maxBytes: Number.MAX_SAFE_INTEGER,
      own: publicKeyOf('me'),
    }
    expect(await store.prune(rules)).toMatchObject({ pinned: 0 })
    await append(store, await new LogWriter({ identity: 'dave' }).write())
    await store.prune(rules)
    expect(store.floor).toBeGreaterThan(0)
    await store.stop()
    await store.start()
    expect(await offer(store, second, carried)).toEqual({ status: 'pruned' })
    expect((await append(store, first, carried)).lostAt).toBe(0)
    expect(await readAll(store, first.log)).toEqual(hashes(first))
  })

  test('is not waited for longer than it can come: then its log is forgotten', async () => {
    const store = await openStore()
    const [, second] = await writeTwoRuns('')
    await append(store, second, carried)
    await append(store, await new LogWriter({ identity: 'carol' }).write())
    const own = publicKeyOf('me')
    const rules = { receivedBeforeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER, own }
    await store.prune({ ...rules, nowMs: Date.now() + 29 * DAY_MS })
    expect((await inShort(store))[0]).toBe('before-history 0-1 (before-history)')
    await store.prune({ ...rules, nowMs: Date.now() + 31 * DAY_MS })
    expect(await inShort(store)).toEqual(['0-0'])
    expect(await store.log(second.log, second.logBytes)).toBeUndefined()
  })

  test('takes along what was held behind the gap', async () => {
    const store = await openStore()
    const { writer } = new InboxWriter({ from: 'alice', to: 'bob' })
    const [, second, third, fourth] = [
      await writer.write(),
      await writer.write(),
      await writer.write(),
      await writer.write(),
    ]
    expect(await offer(store, second as SignedBatch)).toMatchObject({ status: 'held' })
    await append(store, fourth as SignedBatch, carried)
    await store.settled()
    await append(store, third as SignedBatch, carried)
    expect(await readAll(store, writer.log)).toEqual(
      hashes(second as SignedBatch, third as SignedBatch, fourth as SignedBatch),
    )
    expect(store.sizes.heldBatches).toBe(0)
    await expectSoundOrder(store)
  })

  test('enters after a failed commit as if that had not been', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const [first, second, third, fourth] = await writeTwoRuns('')
    for (const signed of [fourth, third, second, first]) {
      const reopened = new Promise<void>((resolve) => {
        const remove = store.onReopened(() => {
          remove()
          resolve()
        })
      })
      // What is late looks at the disk first, which is a commit of nothing.
      database.failNextWrite()
      await expect(append(store, signed, carried)).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
      await reopened
      expect(await store.has(signed)).toBe(false)
      await append(store, signed, carried)
    }
    expect(await readAll(store, first.log)).toEqual(hashes(first, second))
    expect(await readAll(store, third.log)).toEqual(hashes(third, fourth))
    await expectSoundOrder(store)
  })

  test('and contradicts what is there freezes its log', async () => {
    const store = await openStore()
    const { writer } = new InboxWriter({ from: 'alice', to: 'bob' })
    const other = writer.fork()
    await writer.write()
    const second = await writer.write()
    await append(store, second, carried)
    const forged = await other.write({ types: ['forged'] })
    expect(await offer(store, forged, carried)).toMatchObject({ status: 'conflict' })
    expect(store.alerts()).toMatchObject([{ kind: 'frozen', log: second.log }])
  })
})
