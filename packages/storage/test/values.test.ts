import { describe, expect, test } from 'vitest'
import type { Values } from '../src/index.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { openStore } from './fixtures/open-store.ts'

async function all(values: Values, prefix: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const [name, value] of values.read(prefix)) found.push([name, value.toString()])
  return found
}

describe('values', () => {
  test('are there after a restart, by prefix and in order, the last of each name', async () => {
    const store = await openStore()
    await store.values.write([
      { name: 'book/b', value: Buffer.from('1') },
      { name: 'book/a', value: Buffer.from('2') },
      { name: 'books', value: Buffer.from('another') },
      { name: 'bo', value: Buffer.from('a third') },
    ])
    await store.values.write([{ name: 'book/b', value: Buffer.from('3') }, { name: 'book/none' }])
    await store.stop()
    await store.start()
    expect(await all(store.values, 'book/')).toEqual([
      ['book/a', '2'],
      ['book/b', '3'],
    ])
    await store.values.write([{ name: 'book/a' }])
    expect(await all(store.values, 'book/')).toEqual([['book/b', '3']])
  })

  test('are bounded, in length and in number', async () => {
    const store = await openStore()
    const { values } = store
    const value = Buffer.from('x')
    await expect(values.write([{ name: '', value }])).rejects.toMatchObject({ code: 'ERR_VALUE' })
    await expect(values.write([{ name: 'a'.repeat(201), value }])).rejects.toMatchObject({
      code: 'ERR_VALUE',
    })
    const long = Buffer.alloc(64 * 1024 + 1)
    await expect(values.write([{ name: 'a', value: long }])).rejects.toMatchObject({ code: 'ERR_VALUE' })
    await values.write(Array.from({ length: 32_768 }, (_, i) => ({ name: `a/${i}`, value })))
    await expect(values.write([{ name: 'b', value }])).rejects.toMatchObject({ code: 'ERR_VALUE' })
    expect(await all(values, 'b')).toEqual([])
    await values.write([{ name: 'a/7' }, { name: 'b', value }])
    expect(await all(values, 'b')).toHaveLength(1)
  })

  test('of a commit that failed are not there, and do not count', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const value = Buffer.from('x')
    await store.values.write(Array.from({ length: 32_767 }, (_, i) => ({ name: `a/${i}`, value })))
    database.failNextWrite()
    const failed = store.values.write([{ name: 'b', value }])
    await expect(failed).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await new Promise<void>((resolve) => store.onReopened(resolve))
    await store.values.write([{ name: 'c', value }])
    expect(await all(store.values, 'b')).toEqual([])
    expect(await all(store.values, 'c')).toEqual([['c', 'x']])
  })

  test('wait for room on the disk', async () => {
    let free = 2 ** 40
    const store = await openStore({ freeBytes: async () => free })
    await store.values.write([{ name: 'a', value: Buffer.from('x') }])
    free = 0
    await store.stop()
    await store.start()
    const refused = store.values.write([{ name: 'b', value: Buffer.from('x') }])
    await expect(refused).rejects.toMatchObject({ code: 'ERR_DISK_RESERVE' })
    await store.values.write([{ name: 'a', value: Buffer.from('y') }], { mayUseReserve: true })
    await store.values.write([{ name: 'a' }])
    expect(await all(store.values, '')).toEqual([])
  })
})
