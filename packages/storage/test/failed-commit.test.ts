import { describe, expect, test } from 'vitest'
import type { MessageStore, Placement, StoredBatch } from '../src/index.ts'
import { append, collect, entered } from './fixtures/batches.ts'
import { expectExactCounters } from './fixtures/expect-exact-counters.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

function reopened(store: MessageStore): Promise<void> {
  return new Promise((resolve) => {
    const remove = store.onReopened(() => {
      remove()
      resolve()
    })
  })
}

function committedOf(placement: Placement): Promise<StoredBatch> {
  if (placement.status !== 'appended') throw new Error(placement.status)
  return placement.committed
}

const refused = { code: 'ERR_COMMIT_FAILED' }

describe('a failed commit', () => {
  test('is refused together with all that waits, and the database is opened anew before the next', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const kept = await append(store, await writer.write({ count: 3 }))
    database.events.length = 0

    const release = database.holdWrites()
    const failing = committedOf(await store.place(await writer.write()))
    await database.happened('write begun')
    const waiting = committedOf(await store.place(await writer.write()))
    const other = store.writer.commit((operations) => {
      operations.push({ type: 'put', key: Buffer.from('Zother'), value: Buffer.alloc(1) })
    })
    database.failNextWrite()
    const opened = reopened(store)
    release()
    await expect(failing).rejects.toMatchObject(refused)
    await expect(waiting).rejects.toMatchObject(refused)
    await expect(other).rejects.toMatchObject(refused)
    await opened
    expect(store.end).toBe(kept.position + 3)

    const bob = new LogWriter({ identity: 'bob' })
    const next = await append(store, await bob.write())
    expect(next.position).toBe(3)
    expect(database.events).toEqual(['write begun', 'write failed', 'close', 'open', 'write begun', 'write'])
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('says what failed', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    database.failNextWrite()
    await expect(append(store, await new LogWriter({ identity: 'alice' }).write())).rejects.toThrow(
      'no space left on device',
    )
  })

  test('leaves its log where the disk has it: the same batch can be placed again', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const second = await writer.write()
    const third = await writer.write()
    const opened = reopened(store)
    database.failNextWrite()
    await expect(append(store, second)).rejects.toMatchObject(refused)
    await opened
    expect(await store.place(third)).toMatchObject({ status: 'held', missing: { first: 1, last: 1 } })
    await append(store, second)
    await entered(store, 3)
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('that is on disk all the same is known after the reopening, and positions continue behind it', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const second = await writer.write({ count: 5 })
    const opened = reopened(store)
    database.failNextWrite('on disk')
    await expect(append(store, second)).rejects.toMatchObject(refused)
    await opened
    expect(await store.place(second)).toEqual({ status: 'known' })
    expect(store.end).toBe(6)
    expect((await append(store, await writer.write())).position).toBe(6)
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('that shows on disk only after the reopening is not overlooked for what was read before it', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const first = await writer.write()
    const second = await writer.write()
    await append(store, first)
    const opened = reopened(store)
    database.failNextWrite('shows later')
    database.failCloses(1)
    await expect(append(store, second)).rejects.toMatchObject(refused)
    await database.happened('close failed')
    expect(await store.log(first.log, first.logBytes)).toMatchObject({ next: 1 })
    await opened
    expect(await store.log(first.log, first.logBytes)).toMatchObject({ next: 2 })
    expect(await store.place(second)).toEqual({ status: 'known' })
    await append(store, await writer.write())
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('does not make its batch a conflict for who offers it meanwhile', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const first = await new LogWriter({ identity: 'alice' }).write()
    const release = database.holdWrites()
    const failing = committedOf(await store.place(first))
    await database.happened('write begun', 2)
    const again = store.place(first)
    const opened = reopened(store)
    database.failNextWrite()
    release()
    await expect(failing).rejects.toMatchObject(refused)
    const outcome = await again.then(
      ({ status }) => status,
      ({ code }) => code,
    )
    expect(['ERR_COMMIT_FAILED', 'ERR_STORE_UNAVAILABLE', 'appended']).toContain(outcome)
    await opened
    if (outcome !== 'appended') await append(store, first)
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('does not make its batch a conflict for who looked before and hears after the reopening', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const first = await new LogWriter({ identity: 'alice' }).write()
    const releaseWrites = database.holdWrites()
    const failing = committedOf(await store.place(first))
    await database.happened('write begun', 2)
    const releaseReads = database.holdNextRead()
    const again = store.place(first)
    await database.happened('read held')
    const opened = reopened(store)
    database.failNextWrite()
    releaseWrites()
    await expect(failing).rejects.toMatchObject(refused)
    await opened
    releaseReads()
    await committedOf(await again)
    await expectSoundOrder(store)
    await expectExactCounters(store)
  })

  test('is refused at once, however long the database cannot be opened', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    database.failNextWrite()
    database.failOpens(Number.POSITIVE_INFINITY)
    const writer = new LogWriter({ identity: 'alice' })
    await expect(append(store, await writer.write())).rejects.toMatchObject(refused)
    await database.happened('open failed', 2)
    await expect(store.writer.commit(() => {})).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect(store.place(await writer.write())).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect(collect(store.read({ to: 1 }))).resolves.toEqual([])
    await expect(store.ownTip(writer.signer.publicKey, writer.channel)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
  })

  test('is forgotten at once: what a log has is not told from memory while the database is away', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const first = await new LogWriter({ identity: 'alice' }).write()
    database.failNextWrite()
    database.failOpens(Number.POSITIVE_INFINITY)
    await expect(append(store, first)).rejects.toMatchObject(refused)
    await expect(store.log(first.log, first.logBytes)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
  })

  test('is recovered from when closing and opening fail a few times', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const first = await new LogWriter({ identity: 'alice' }).write()
    database.events.length = 0
    database.failNextWrite()
    database.failCloses(1)
    database.failOpens(1)
    const opened = reopened(store)
    await expect(append(store, first)).rejects.toMatchObject(refused)
    await opened
    await append(store, first)
    expect(database.events).toEqual([
      'write begun',
      'write failed',
      'close failed',
      'close',
      'open failed',
      'close',
      'open',
      'write begun',
      'write',
    ])
  })

  test('does not matter to those that listen for the reopening: they can commit at once', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    database.failNextWrite()
    const first = await new LogWriter({ identity: 'alice' }).write()
    const committed = new Promise((resolve, reject) => {
      store.onReopened(() => store.writer.commit(() => 'committed').then(resolve, reject))
    })
    await expect(append(store, first)).rejects.toMatchObject(refused)
    expect(await committed).toBe('committed')
  })

  test('again and again under load hangs nobody, and loses and doubles nothing', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    database.failWrites((write) => (write % 7 === 6 ? (write % 2 === 0 ? 'lost' : 'on disk') : undefined))
    const acknowledged: StoredBatch[] = []
    let failures = 0
    const send = async (sender: number) => {
      const writer = new LogWriter({ identity: `sender ${sender}`, signed: false })
      for (let i = 0; i < 120; i++) {
        const batch = await writer.write({ count: 1 + (i % 5) })
        for (;;) {
          try {
            const placement = await store.place(batch)
            if (placement.status === 'appended') acknowledged.push(await placement.committed)
            else expect(placement).toEqual({ status: 'known' })
            break
          } catch (error) {
            failures += 1
            expect(['ERR_COMMIT_FAILED', 'ERR_STORE_UNAVAILABLE']).toContain((error as { code: string }).code)
            if (store.writer.isReopening) await reopened(store)
          }
        }
      }
    }
    await Promise.all([0, 1, 2, 3].map(send))
    if (store.writer.isReopening) await reopened(store)
    expect(failures).toBeGreaterThan(20)
    const order = await expectSoundOrder(store)
    await expectExactCounters(store)
    expect(order).toHaveLength(4 * 120)
    const hashes = new Map(order.map(({ position, hash }) => [position, hash]))
    for (const { position, signed } of acknowledged) expect(hashes.get(position)).toEqual(signed.hash)
  })
})
