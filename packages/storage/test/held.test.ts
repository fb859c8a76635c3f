import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { append, entered, inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function write(writer: LogWriter, batches: number, bodyBytes = 1): Promise<SignedBatch[]> {
  const all: SignedBatch[] = []
  for (let i = 0; i < batches; i++) all.push(await writer.write({ bodies: [Buffer.alloc(bodyBytes)] }))
  return all
}

describe('held batches', () => {
  test('enter in sequence when the gap is filled, and are not in the order before', async () => {
    const store = await openStore()
    const [first, ...rest] = await write(new LogWriter({ identity: 'alice' }), 5)
    for (const signed of rest.reverse()) expect((await offer(store, signed)).status).toBe('held')
    expect(store.end).toBe(0)
    expect(store.sizes.heldBatches).toBe(4)
    await append(store, first as SignedBatch)
    await entered(store, 5)
    expect(await inShort(store)).toEqual(['0-0', '1-1', '2-2', '3-3', '4-4'])
    expect(store.sizes).toMatchObject({ heldBatches: 0, heldBytes: 0 })
    await expectSoundOrder(store)
  })

  test('of runs that follow runs wait for one another', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const first = await writer.write()
    const rest = []
    for (let run = 0; run < 4; run++) rest.push(await writer.newRun().write(), await writer.write())
    for (const signed of rest.reverse()) await offer(store, signed)
    expect(store.end).toBe(0)
    await append(store, first)
    await entered(store, 9)
    await expectSoundOrder(store)
  })

  test('are known, and not held twice', async () => {
    const store = await openStore()
    const [, second] = await write(new LogWriter({ identity: 'alice' }), 2)
    await offer(store, second as SignedBatch)
    expect(await store.has(second as SignedBatch)).toBe(true)
    expect(await store.place(second as SignedBatch)).toEqual({ status: 'known' })
    expect(store.sizes.heldBatches).toBe(1)
  })

  test('survive a restart, and enter after it', async () => {
    const directory = await temporaryFolder()
    const [first, second, third] = (await write(new LogWriter({ identity: 'alice' }), 3)) as [
      SignedBatch,
      SignedBatch,
      SignedBatch,
    ]
    const before = await openStore({ directory })
    await offer(before, third)
    await offer(before, second)
    const held = before.sizes
    await before.stop()
    const store = await openStore({ directory })
    expect(store.sizes).toEqual(held)
    expect(await store.gaps(10)).toMatchObject([{ id: second.log, first: 0, last: 0 }])
    await append(store, first)
    await entered(store, 3)
    await expectSoundOrder(store)
  })

  test('whose gap was filled just before a crash enter at the start', async () => {
    const directory = await temporaryFolder()
    const database = new FaultyDatabase(directory)
    const [first, second] = (await write(new LogWriter({ identity: 'alice' }), 2)) as [
      SignedBatch,
      SignedBatch,
    ]
    const crashed = await openStore({ database })
    await offer(crashed, second)
    // The first is written, and nothing of what follows from it.
    const placing = await crashed.place(first)
    const release = database.holdNextRead()
    if (placing.status === 'appended') await placing.committed
    await database.happened('read held')
    const stopped = crashed.stop()
    release()
    await stopped
    const store = await openStore({ directory })
    await entered(store, 2)
    await expectSoundOrder(store)
  })

  test('are bounded, by sender and in all: what finds no room is not stored, and the gap is still known', async () => {
    const store = await openStore()
    const alice = new LogWriter({ identity: 'alice', signed: false })
    const batches = await write(alice, 40, 250 * 1024)
    const outcomes: string[] = []
    for (const signed of batches.slice(1)) outcomes.push((await offer(store, signed)).status)
    expect(outcomes).toContain('held')
    expect(outcomes.at(-1)).toBe('gap')
    expect(store.sizes.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024)
    // Another sender has its own room.
    const [, second] = await write(new LogWriter({ identity: 'bob' }), 2)
    expect((await offer(store, second as SignedBatch)).status).toBe('held')
    // What had no room comes another time, and all is there in the end.
    for (const signed of batches) await offer(store, signed)
    await entered(store, 40)
    expect(store.sizes.heldBatches).toBe(1)
  })

  test('of runs that follow each other in a circle are no gap for ever: their log is frozen', async () => {
    const store = await openStore()
    const [a, b] = [
      new LogWriter({ identity: 'mallory', runs: 'a' }),
      new LogWriter({ identity: 'mallory', runs: 'b' }),
    ]
    const runOf = async (writer: LogWriter) => (await writer.fork().write()).batch.run
    const [runA, runB] = [await runOf(a), await runOf(b)]
    const previous = new Uint8Array(32).fill(1)
    const first = await a.write({ change: { follows: { run: runB, head: 3 }, previous } })
    const second = await b.write({ change: { follows: { run: runA, head: 3 }, previous } })
    expect((await offer(store, first)).status).toBe('held')
    expect((await offer(store, second)).status).toBe('conflict')
    await store.settled()
    expect(store.sizes.heldBatches).toBe(0)
    await expectSoundOrder(store)
  })

  test('of many senders are bounded in all', async () => {
    const store = await openStore()
    for (let i = 0; i < 12; i++) {
      const writer = new LogWriter({ identity: `sender ${i}`, signed: false })
      for (const signed of (await write(writer, 34, 250 * 1024)).slice(1)) await offer(store, signed)
      expect(store.sizes.heldBytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    }
    expect(store.sizes.heldBytes).toBeGreaterThan(60 * 1024 * 1024)
  })
})
