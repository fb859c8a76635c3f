import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { append, inShort, offer } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

async function all(store: MessageStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const [name, value] of store.values.read('')) found[name] = value.toString()
  return found
}

const value = Buffer.from('1')

describe('values that are placed with a batch', () => {
  test('are written in its very commit, puts and removals, also if it is late', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const [first, second] = [await writer.write(), await writer.write()]
    await store.values.write([{ name: 'out/old', value }])
    await append(store, second, { carried: true, values: [{ name: 'out/a', value }, { name: 'out/old' }] })
    expect(await all(store)).toEqual({ 'out/a': '1' })
    await append(store, first, { carried: true, values: [{ name: 'out/late', value }] })
    const withValues = database.writes.filter((keys) => keys.some((key) => key.startsWith('Vout/')))
    expect(withValues.map((keys) => keys.some((key) => key.startsWith('A')))).toEqual([false, true, true])
    await store.stop()
    await store.start()
    expect(await all(store)).toEqual({ 'out/a': '1', 'out/late': '1' })
  })

  test('are not there if the commit fails, and neither is the batch', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'alice' })
    const batch = await writer.write()
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    database.failNextWrite()
    const failed = append(store, batch, { own: true, values: [{ name: 'out/a', value }] })
    await expect(failed).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await reopened
    expect(await all(store)).toEqual({})
    expect(store.end).toBe(0)
    await append(store, batch, { own: true, values: [{ name: 'out/b', value }] })
    expect(await all(store)).toEqual({ 'out/b': '1' })
  })

  test('are bounded as all values are: one too many, and the batch is not placed either', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice', signed: false })
    const [first, second, third] = [await writer.write(), await writer.write(), await writer.write()]
    await store.values.write(Array.from({ length: 32_766 }, (_, i) => ({ name: `a/${i}`, value })))
    // Both are on their way when the second is counted.
    const placing = append(store, first, { values: [{ name: 'b', value }] })
    const writing = store.values.write([{ name: 'c', value }])
    await Promise.all([placing, writing])
    const tooMany = { values: [{ name: 'd', value }] }
    await expect(store.place(second, tooMany)).rejects.toMatchObject({ code: 'ERR_VALUE' })
    const tooLong = { values: [{ name: 'b', value: Buffer.alloc(64 * 1024 + 1) }] }
    await expect(store.place(second, tooLong)).rejects.toMatchObject({ code: 'ERR_VALUE' })
    expect(store.end).toBe(1)
    await store.stop()
    await store.start()
    await expect(store.place(second, tooMany)).rejects.toMatchObject({ code: 'ERR_VALUE' })
    await append(store, second, { values: [{ name: 'b' }, { name: 'd', value }] })
    await append(store, third)
    expect(await inShort(store)).toEqual(['0-0', '1-1', '2-2'])
  })

  test('are not written if the batch does not enter the order', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const [first, second] = [await writer.write(), await writer.write()]
    const values = [{ name: 'out/a', value }]
    expect(await offer(store, second, { values })).toMatchObject({ status: 'held' })
    await append(store, first)
    await store.settled()
    expect(await offer(store, first, { values })).toEqual({ status: 'known' })
    expect(await all(store)).toEqual({})
  })
})
