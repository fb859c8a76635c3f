import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createStore } from '../src/index.ts'
import { append, appendAll, collect } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe('a store that was closed and is opened again', () => {
  test.each(['the same object', 'another one'])('has everything it had: %s', async (which) => {
    const directory = await temporaryFolder()
    const before = await openStore({ directory })
    const own = new LogWriter({ identity: 'me' })
    const other = new LogWriter({ identity: 'other', channel: 'topic/other' })
    for (let i = 0; i < 20; i++) {
      await append(before, await own.write({ count: 3 }), { own: true })
      await append(before, await other.write())
    }
    const { storeId, end } = before
    const cursor = await before.cursorAt(end)
    const order = await expectSoundOrder(before)
    await before.stop()

    const after = which === 'another one' ? await openStore({ directory }) : before
    await after.start()
    expect(Buffer.compare(after.storeId, storeId)).toBe(0)
    expect(after.end).toBe(end)
    expect(await after.checkCursor(cursor)).toBe('ok')
    expect(await expectSoundOrder(after)).toEqual(order)
    expect(await after.ownTip(own.signer.publicKey, own.channel)).toMatchObject({ id: own.log, next: 60 })
    expect(await after.ownTip(other.signer.publicKey, other.channel)).toBeUndefined()
    await appendAll(after, [await own.write(), await other.write()])
    await expectSoundOrder(after)
  })

  test('recovers from failed commits as it did before', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    await store.stop()
    await store.start()
    const signed = await new LogWriter({ identity: 'alice' }).write()
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    database.failNextWrite()
    await expect(append(store, signed)).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await reopened
    await append(store, signed)
  })
})

test('every new store has another id', async () => {
  const [a, b] = [await openStore(), await openStore()]
  expect(a.storeId).toHaveLength(16)
  expect(Buffer.compare(a.storeId, b.storeId)).not.toBe(0)
})

test('the own tip is the newest run that this node wrote to a channel, with the commits in flight', async () => {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'me' })
  const elsewhere = new LogWriter({ identity: 'me', channel: 'topic/elsewhere' })
  await append(store, await writer.write({ count: 3 }), { own: true })
  await append(store, await elsewhere.write(), { own: true })
  await append(store, await writer.newRun().write(), { own: true })
  await append(store, await writer.write({ count: 2 }), { own: true })
  const tip = await store.ownTip(writer.signer.publicKey, writer.channel)
  expect(tip).toMatchObject({ id: writer.log, next: 3 })
  // What it says is what the next run has to follow.
  const next = new LogWriter({ identity: 'me', runs: 'next', ...(tip === undefined ? {} : { after: tip }) })
  await append(store, await next.write(), { own: true })
  await expectSoundOrder(store)
})

describe('a store that is not open', () => {
  test('touches nothing', async () => {
    const directory = `${await temporaryFolder()}/not/there/yet`
    createStore({ directory })
    // Time enough for another to be opened and closed.
    const other = await openStore()
    await other.stop()

    expect(existsSync(directory)).toBe(false)
  })

  test.each(['before the start', 'after the stop'])('refuses %s', async (when) => {
    const store = createStore({ directory: await temporaryFolder() })
    const writer = new LogWriter({ identity: 'alice' })
    const signed = await writer.write()
    if (when === 'after the stop') {
      await store.start()
      await append(store, signed)
      await store.stop()
    }
    const unavailable = { code: 'ERR_STORE_UNAVAILABLE' }
    await expect(store.place(signed)).rejects.toMatchObject(unavailable)
    await expect(store.has(signed)).rejects.toMatchObject(unavailable)
    await expect(store.log(signed.log, signed.logBytes)).rejects.toMatchObject(unavailable)
    await expect(store.findMessage(`${signed.log}-0`)).rejects.toMatchObject(unavailable)
    await expect(store.writer.commit(() => {})).rejects.toMatchObject(unavailable)
    await expect(collect(store.readLog({ log: signed.log, first: 0, last: 0 }))).rejects.toMatchObject(
      unavailable,
    )
    await expect(collect(store.follow())).rejects.toMatchObject(unavailable)
  })
})
