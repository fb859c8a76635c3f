import { verifySignature } from '@pastel-mesh/identity'
import { openBatch, signedText } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { Alert } from '../src/index.ts'
import { append, entered, inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const HASH = new Uint8Array(32).fill(7)
const OTHER = [Buffer.from('other')]

describe('a batch that contradicts its log freezes it', () => {
  test('when another batch has its position', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const other = await writer.fork().write({ bodies: OTHER })
    await append(store, await writer.write())
    expect((await offer(store, other)).status).toBe('conflict')
    expect((await offer(store, await writer.write())).status).toBe('frozen')
    await expectSoundOrder(store)
  })

  test.each([
    ['begins inside of another batch', 1],
    ['reaches over it', 8],
  ])('when it %s', async (_, count) => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const fork = writer.fork()
    await append(store, await writer.write({ count: 4 }))
    if (count === 1) await fork.write({ count: 2 })
    expect((await offer(store, await fork.write({ count }))).status).toBe('conflict')
    await expectSoundOrder(store)
  })

  test('when it names another predecessor than the stored one', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const fork = writer.fork()
    await append(store, await writer.write())
    await fork.write({ bodies: OTHER })
    expect((await offer(store, await fork.write())).status).toBe('conflict')
    expect(await inShort(store)).toEqual(['0-0', 'lost 1-1 (frozen)'])
    await expectSoundOrder(store)
  })

  test('when it was made before its predecessor, in its log or the one that it follows', async () => {
    for (const isNewRun of [false, true]) {
      const store = await openStore()
      const writer = new LogWriter({ identity: 'alice' })
      const first = await writer.write()
      await append(store, first)
      if (isNewRun) writer.newRun()
      const early = await writer.write({ change: { createdAtMs: first.batch.createdAtMs - 1 } })
      expect((await offer(store, early)).status).toBe('conflict')
      await expectSoundOrder(store)
    }
  })

  test('when it follows the right head by another hash, or the middle of a batch', async () => {
    for (const isMiddle of [false, true]) {
      const store = await openStore()
      const writer = new LogWriter({ identity: 'alice' })
      const { run } = (await append(store, await writer.write({ count: 3 }))).signed.batch
      await append(store, await writer.write())
      const change = isMiddle ? { follows: { run, head: 1 } } : { previous: HASH }
      const next = await writer.newRun().write({ change })
      expect((await offer(store, next)).status).toBe('conflict')
      await expectSoundOrder(store)
    }
  })

  test('when it is held, and another is held at its position; what was held is lost', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await writer.write()
    const fork = writer.fork()
    expect((await offer(store, await writer.write({ count: 2 }))).status).toBe('held')
    expect((await offer(store, await fork.write({ bodies: OTHER }))).status).toBe('conflict')
    expect(await inShort(store)).toEqual(['lost 0-2 (frozen)'])
    expect(store.sizes.heldBatches).toBe(0)
    await expectSoundOrder(store)
  })
})

describe('a frozen log', () => {
  async function freeze(directory?: string) {
    const store = await openStore(directory === undefined ? {} : { directory })
    const writer = new LogWriter({ identity: 'alice' })
    const first = await writer.write()
    const fork = await writer.fork().write({ bodies: OTHER })
    await append(store, first)
    const second = await writer.write()
    await append(store, second)
    const raised: Alert[] = []
    store.onAlert((alert) => raised.push(alert))
    await offer(store, fork)
    return { store, writer, first, second, fork, raised }
  }

  test('is reported once, and kept with two signed batches that prove it', async () => {
    const { store, writer, fork, second, raised } = await freeze()
    await offer(store, fork)
    expect(raised).toMatchObject([{ kind: 'frozen', log: writer.log, channel: 'topic/test' }])
    const evidence = await store.evidence(fork.logBytes)
    expect(evidence).toHaveLength(2)
    for (const envelope of evidence) {
      const { batch, hash, signature, log } = openBatch(envelope)
      expect(log).toBe(writer.log)
      expect(await verifySignature(batch.sender, signedText('batch', hash), signature)).toBe(true)
    }
    expect(await store.has(second)).toBe(true)
  })

  test('stays frozen over a restart, and its evidence is kept', async () => {
    const directory = await temporaryFolder()
    const { store, writer, fork } = await freeze(directory)
    await store.stop()
    await store.start()
    expect((await offer(store, await writer.write())).status).toBe('frozen')
    expect(store.alerts()).toMatchObject([{ kind: 'frozen', log: writer.log }])
    expect(await store.evidence(fork.logBytes)).toHaveLength(2)
  })

  test('counts as resolved: its sender goes on in a new run, and what the run proves is missing is lost', async () => {
    const { store, writer } = await freeze()
    await writer.write({ count: 3 })
    expect((await offer(store, await writer.newRun().write())).status).toBe('appended')
    expect(await inShort(store)).toEqual(['0-0', '1-1', 'lost 2-4 (frozen)', '0-0'])
    await expectSoundOrder(store)
  })

  test('lets the run go on that waited for it', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const fork = await writer.fork().write({ bodies: OTHER })
    await append(store, await writer.write())
    await writer.write()
    const next = await writer.newRun().write()
    expect((await offer(store, next)).status).toBe('held')
    await offer(store, fork)
    await entered(store, 3)
    expect(await inShort(store)).toEqual(['0-0', 'lost 1-1 (frozen)', '0-0'])
    await expectSoundOrder(store)
  })

  test('takes no room from others: alerts of one sender are bounded', async () => {
    const store = await openStore()
    for (let i = 0; i < 40; i++) {
      const writer = new LogWriter({ identity: 'mallory', runs: `${i}`, signed: false })
      const fork = await writer.fork().write({ bodies: OTHER })
      await append(store, await writer.write())
      expect((await offer(store, fork)).status).toBe('conflict')
    }
    expect(store.alerts()).toHaveLength(32)
    const bob = new LogWriter({ identity: 'bob' })
    const fork = await bob.fork().write({ bodies: OTHER })
    await append(store, await bob.write())
    await offer(store, fork)
    expect(store.alerts()).toHaveLength(33)
  })

  test('beyond those that are kept is told of once, however many batches show it', async () => {
    const store = await openStore()
    const told: string[] = []
    store.onAlert(({ log }) => told.push(log))
    const alert = { kind: 'own-identity' as const, reason: 'not written here' }
    for (let i = 0; i < 34; i++) {
      const writer = new LogWriter({ identity: 'me', runs: `${i}`, signed: false })
      for (let k = 0; k < 3; k++) await offer(store, await writer.write(), { alert })
    }
    expect(told).toHaveLength(34)
    expect(new Set(told).size).toBe(34)
  })

  test('and its alert survive a moment in which nothing can be written', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const fork = await writer.fork().write({ bodies: OTHER })
    await append(store, await writer.write())
    database.failNextWrite()
    await expect(append(store, await new LogWriter({ identity: 'bob' }).write())).rejects.toThrow()
    // Reading works again before writing does.
    for (let i = 0; i < 100 && !store.writer.isOpen; i++) {
      await expect(offer(store, fork)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    }
    while (!store.writer.isOpen) await new Promise((resolve) => setImmediate(resolve))
    expect((await offer(store, fork)).status).toBe('conflict')
    expect(await store.evidence(fork.logBytes)).toHaveLength(2)
  })
})
