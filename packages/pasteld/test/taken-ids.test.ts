import { createStore } from '@pastel-mesh/storage'
import { expect, onTestFinished, test } from 'vitest'
import { TakenIds } from '../src/bridge/taken-ids.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const DAY_MS = 24 * 60 * 60_000

async function openValues(directory: string) {
  const store = createStore({ directory })
  await store.start()
  onTestFinished(() => store.stop())
  return store
}

function idOf(number: number): string {
  return number.toString(16).padStart(64, '0')
}

async function take(
  taken: TakenIds,
  store: Awaited<ReturnType<typeof openValues>>,
  ids: string[],
  timeMs: number,
) {
  await store.values.write(ids.map((id) => taken.noting(id, timeMs)))
  for (const id of ids) taken.add(id, timeMs)
}

async function namesIn({ values }: Awaited<ReturnType<typeof openValues>>): Promise<number> {
  let count = 0
  for await (const _ of values.read('pasteld-in/')) count += 1
  return count
}

test('thousands of ids are remembered over a restart in few values, and forgotten when they are old', async () => {
  const directory = await temporaryFolder()
  const store = await openValues(directory)
  const now = Date.now()
  const taken = new TakenIds(store.values)
  await taken.load()
  const old = Array.from({ length: 1_024 }, (_, i) => idOf(i))
  const recent = Array.from({ length: 2_500 }, (_, i) => idOf(10_000 + i))
  await take(taken, store, old, now - 5 * DAY_MS)
  await taken.tidy(now - 10 * DAY_MS)
  await take(taken, store, recent, now)
  await taken.tidy(now - 10 * DAY_MS)
  await taken.tidy(now - 10 * DAY_MS)
  expect(await namesIn(store)).toBe(3 + 2_500 - 2 * 1_024)
  await store.stop()

  const again = await openValues(directory)
  const read = new TakenIds(again.values)
  await read.load()
  expect(read.size).toBe(3_524)
  expect([...old, ...recent].every((id) => read.has(id))).toBe(true)
  expect(read.has(idOf(99_999))).toBe(false)
  await read.tidy(now - 4 * DAY_MS)
  expect(read.size).toBe(2_500)
  // The time before which ids were forgotten is one more.
  expect(await namesIn(again)).toBe(1 + 2 + 2_500 - 2 * 1_024)
  expect(recent.every((id) => read.has(id))).toBe(true)
})

test('what a commit may have written is read again', async () => {
  const store = await openValues(await temporaryFolder())
  const taken = new TakenIds(store.values)
  await taken.load()
  await store.values.write([taken.noting(idOf(1), Date.now())])
  await taken.load()
  expect(taken.has(idOf(1))).toBe(false)
  taken.doubt()
  await taken.load()
  expect(taken.has(idOf(1))).toBe(true)
})

test('what is told at once is put together at once, and never more than a lot waits for it', async () => {
  const store = await openValues(await temporaryFolder())
  const taken = new TakenIds(store.values)
  await taken.load()
  await take(
    taken,
    store,
    Array.from({ length: 5_000 }, (_, i) => idOf(i)),
    Date.now(),
  )
  expect(taken.isDue).toBe(true)
  await taken.tidy(0)
  expect(taken.isDue).toBe(false)
  expect(await namesIn(store)).toBe(4 + 5_000 - 4 * 1_024)
})

test('the newest time of which an id was forgotten is kept over a restart', async () => {
  const directory = await temporaryFolder()
  const store = await openValues(directory)
  const now = Date.now()
  const taken = new TakenIds(store.values)
  await taken.load()
  await take(taken, store, [idOf(1)], now - 3 * DAY_MS)
  await take(taken, store, [idOf(2)], now)
  expect(taken.floorMs).toBe(Number.NEGATIVE_INFINITY)
  await taken.tidy(now - 2 * DAY_MS)
  await store.stop()
  const again = await openValues(directory)
  const read = new TakenIds(again.values)
  await read.load()
  expect(read.floorMs).toBe(now - 3 * DAY_MS)
  await read.tidy(now - 10 * DAY_MS)
  expect([read.floorMs, read.has(idOf(1)), read.has(idOf(2))]).toEqual([now - 3 * DAY_MS, false, true])
})
