import { expect, onTestFinished, test } from 'vitest'
import { CommitWriter } from '../src/commit-writer.ts'
import type { Operation } from '../src/index.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'

const nothing = { onWrote: () => {}, onFailed: () => {}, reload: async () => {}, onReopened: () => {} }

async function openWriter(): Promise<{ writer: CommitWriter; database: FaultyDatabase }> {
  const database = await FaultyDatabase.create()
  await database.open()
  const writer = new CommitWriter({}, { database, ...nothing })
  writer.open()
  onTestFinished(async () => {
    await writer.close()
    await database.close()
  })
  return { writer, database }
}

function put(key: string, sizeBytes = 1) {
  return (operations: Operation[]) => {
    operations.push({ type: 'put', key: Buffer.from(key), value: Buffer.alloc(sizeBytes) })
    return key
  }
}

test('commits of one tick share a write', async () => {
  const { writer, database } = await openWriter()
  expect(await Promise.all(['a', 'b', 'c'].map((key) => writer.commit(put(key))))).toEqual(['a', 'b', 'c'])
  expect(database.writes).toEqual([['a', 'b', 'c']])
})

test('commits made while a write is in flight go out together in the next one, in their order', async () => {
  const { writer, database } = await openWriter()
  const release = database.holdWrites()
  const first = writer.commit(put('first'))
  await database.happened('write begun')
  const keys = Array.from({ length: 50 }, (_, i) => `later ${i}`)
  const later = keys.map((key) => writer.commit(put(key)))
  release()
  await Promise.all([first, ...later])
  expect(database.writes).toEqual([['first'], keys])
})

test('the next write is put together while the disk is waited for', async () => {
  const { writer, database } = await openWriter()
  const release = database.holdWrites()
  const first = writer.commit(put('first'))
  await database.happened('write begun')
  let isPrepared = false
  const second = writer.commit((operations) => {
    isPrepared = true
    return put('second')(operations)
  })
  expect(isPrepared, 'before its caller goes on').toBe(false)
  await undefined
  expect(isPrepared, 'while the first is being written').toBe(true)
  expect(database.writes).toEqual([])
  release()
  await Promise.all([first, second])
  expect(database.writes).toEqual([['first'], ['second']])
})

test('what was put together behind a write that fails is refused with it, and is not written', async () => {
  const { writer, database } = await openWriter()
  const release = database.holdWrites()
  const first = writer.commit(put('first'))
  await database.happened('write begun')
  const second = writer.commit(put('second'))
  await undefined
  database.failNextWrite()
  release()
  await expect(first).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await expect(second).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await expect.poll(() => writer.isOpen).toBe(true)
  await writer.commit(put('third'))
  expect(database.writes).toEqual([['third']])
})

test('a caller waits for its own commit only', async () => {
  const { writer, database } = await openWriter()
  const release = database.holdWrites()
  const first = writer.commit(put('first'))
  await database.happened('write begun')
  release()
  const releaseSecond = database.holdWrites()
  let isSecondDone = false
  const second = writer.commit(put('second')).then(() => {
    isSecondDone = true
  })
  await first
  expect(isSecondDone).toBe(false)
  releaseSecond()
  await second
})

test('callers hear in the order of their calls', async () => {
  const { writer } = await openWriter()
  const heard: number[] = []
  const commits: Promise<unknown>[] = []
  for (let i = 0; i < 200; i++) {
    commits.push(writer.commit(put(`${i}`)).then(() => heard.push(i)))
    if (i % 7 === 0) await commits[i - 3]
  }
  await Promise.all(commits)
  expect(heard).toEqual([...heard].sort((a, b) => a - b))
})

test('a prepare that throws fails its own caller only and leaves no operations behind', async () => {
  const { writer, database } = await openWriter()
  const before = writer.commit(put('before'))
  const failing = writer.commit((operations) => {
    put('half done')(operations)
    throw new Error('no such thing')
  })
  const after = writer.commit(put('after'))
  await expect(failing).rejects.toThrow('no such thing')
  expect(await Promise.all([before, after])).toEqual(['before', 'after'])
  expect(database.writes).toEqual([['before', 'after']])
})

test('a write takes no more than some megabytes beside its last commit', async () => {
  const { writer, database } = await openWriter()
  const sizeBytes = 500 * 1024
  await Promise.all(Array.from({ length: 60 }, (_, i) => writer.commit(put(`${i}`, sizeBytes))))
  expect(database.writes.flat()).toHaveLength(60)
  expect(Math.max(...database.writeBytes)).toBeLessThan(10 * 1024 * 1024)
})

test('a commit of nothing waits for those before it and writes nothing', async () => {
  const { writer, database } = await openWriter()
  const heard: string[] = []
  const first = writer.commit(put('first')).then(() => heard.push('first'))
  await database.happened('write begun')
  await writer.commit(() => {}).then(() => heard.push('nothing'))
  await first
  expect(heard).toEqual(['first', 'nothing'])
  expect(database.writes).toEqual([['first']])
})

test('closing writes what is waiting and takes nothing more', async () => {
  const { writer, database } = await openWriter()
  const release = database.holdWrites()
  const first = writer.commit(put('first'))
  await database.happened('write begun')
  const waiting = writer.commit(put('waiting'))
  const closed = writer.close()
  await expect(writer.commit(put('too late'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  release()
  await Promise.all([first, waiting, closed])
  expect(database.writes).toEqual([['first'], ['waiting']])
})
