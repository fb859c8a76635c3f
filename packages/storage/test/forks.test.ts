import { describe, expect, test } from 'vitest'
import type { Alert, MessageStore } from '../src/index.ts'
import { append, appendAll, inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

async function openWatched(): Promise<{ store: MessageStore; raised: Alert[] }> {
  const store = await openStore()
  const raised: Alert[] = []
  store.onAlert((alert) => raised.push(alert))
  return { store, raised }
}

describe('runs that branch are all taken in, and reported', () => {
  test('a restored copy: its run follows a place that was not the end', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write({ count: 2 }))
    const restored = writer.fork()
    await appendAll(store, [await writer.write(), await writer.write()])
    const branch = await restored.newRun('restored').write()
    expect((await offer(store, branch)).status).toBe('appended')
    expect(raised).toMatchObject([{ kind: 'fork', log: branch.log }])
    // Both go on.
    expect((await offer(store, await restored.write())).status).toBe('appended')
    expect((await offer(store, await writer.newRun().write())).status).toBe('appended')
    expect(await inShort(store)).toEqual(['0-1', '2-2', '3-3', '0-0', '1-1', '0-0'])
    await expectSoundOrder(store)
  })

  test('a copy beside the original: two runs follow the same one', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const copy = writer.fork()
    const own = await writer.newRun('original').write()
    const other = await copy.newRun('copy').write()
    await appendAll(store, [own, other])
    expect(raised).toMatchObject([{ kind: 'fork', log: other.log, reason: 'two runs follow the same one' }])
    await appendAll(store, [await writer.write(), await copy.write()])
    expect(raised).toHaveLength(1)
    await expectSoundOrder(store)
  })

  test('whichever comes first: a run goes on after another had followed it', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const restored = writer.fork()
    await append(store, await restored.newRun('restored').write())
    await append(store, await writer.write())
    expect(raised).toMatchObject([{ kind: 'fork', log: writer.log }])
    await expectSoundOrder(store)
  })

  test('a run that simply follows another is nothing to report', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    for (let i = 0; i < 3; i++) await append(store, await writer.newRun().write())
    expect(raised).toEqual([])
    expect(store.alerts()).toEqual([])
  })
})

test('what the placer asks to be told is told once it is on disk, and kept', async () => {
  const { store, raised } = await openWatched()
  const signed = await new LogWriter({ identity: 'alice' }).write()
  await offer(store, signed, { alert: { kind: 'own-identity', reason: 'not written here' } })
  expect(raised).toMatchObject([{ kind: 'own-identity', log: signed.log, reason: 'not written here' }])
  await store.stop()
  await store.start()
  expect(store.alerts()).toMatchObject([{ kind: 'own-identity', log: signed.log }])
})

describe('regression: what the placer asks to be told is told', () => {
  const alert = { kind: 'own-identity', reason: 'not written here' } as const

  test('also if the batch branches its log', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const copy = writer.fork()
    await append(store, await writer.newRun('original').write())
    const other = await copy.newRun('copy').write()
    await offer(store, other, { alert })
    expect(raised).toMatchObject([{ kind: 'own-identity', log: other.log }])
  })

  test('also if the batch is held, once', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    const [first, second] = [await writer.write(), await writer.write()]
    expect((await offer(store, second, { alert })).status).toBe('held')
    expect(raised).toMatchObject([{ kind: 'own-identity', log: second.log }])
    await offer(store, first, { alert })
    await store.settled()
    expect(store.end).toBe(2)
    expect(raised).toHaveLength(1)
  })

  test('and nothing more, when this node goes on beside what it did not write', async () => {
    const { store, raised } = await openWatched()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const copy = writer.fork()
    const other = await copy.newRun('copy').write()
    await offer(store, other, { alert })
    expect((await offer(store, await writer.newRun('own').write(), { own: true })).status).toBe('appended')
    expect(raised).toMatchObject([{ kind: 'own-identity', log: other.log }])
  })
})
