import type { MessageStore, Pruned } from '@pastel-mesh/storage'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RetentionTask } from '../src/retention-task.ts'

const MINUTE_MS = 60_000
const MAX_BYTES = 1_600
const RULES = { maxAgeMs: 30 * 24 * 60 * MINUTE_MS, intervalMs: 10 * MINUTE_MS }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A task that looks at a store every ten minutes. @param pinnedBytes what may not go */
function startTask(storedBytes: number, pinnedBytes = 0) {
  const store = { sizes: { storedBytes } }
  let looks = 0
  const prune = async (): Promise<Pruned> => {
    looks += 1
    store.sizes.storedBytes = Math.min(store.sizes.storedBytes, Math.max(MAX_BYTES, pinnedBytes))
    return { entries: 0, sizeBytes: 0, pinned: 0 }
  }
  const task = new RetentionTask(
    { maxBytes: MAX_BYTES, intervalMs: 10 * MINUTE_MS },
    {
      store: { ...store, prune, sizes: store.sizes } as unknown as MessageStore,
      own: new Uint8Array(57),
      onPruned: () => {},
      onError: (error) => {
        throw error
      },
    },
  )
  task.start()
  return { task, sizes: store.sizes, looks: () => looks }
}

test('what is stored is looked at every so often, and sooner when there is a sixteenth too much', async () => {
  const { task, sizes, looks } = startTask(MAX_BYTES)
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  expect(looks()).toBe(0)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(looks()).toBe(1)
  sizes.storedBytes = MAX_BYTES + MAX_BYTES / 16
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(looks()).toBe(1)
  sizes.storedBytes += 1
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks()).toBe(2)
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  expect(looks()).toBe(2)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(looks()).toBe(3)
  await task.stop()
  await vi.advanceTimersByTimeAsync(20 * MINUTE_MS)
  expect(looks()).toBe(3)
})

test('what may not go is not looked at over and over, but every so often, and once a sixteenth more has come', async () => {
  const pinnedBytes = 2 * MAX_BYTES
  const { task, sizes, looks } = startTask(pinnedBytes, pinnedBytes)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks()).toBe(1)
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  expect(looks()).toBe(1)
  sizes.storedBytes = pinnedBytes + MAX_BYTES / 16 + 1
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks()).toBe(2)
  expect(sizes.storedBytes).toBe(pinnedBytes)
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  expect(looks()).toBe(2)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(looks()).toBe(3)
  await task.stop()
})

test('it can be run at once, and is looked at as long after that as always', async () => {
  const { task, sizes, looks } = startTask(MAX_BYTES)
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  sizes.storedBytes = MAX_BYTES + 1
  const startedAtMs = Date.now()
  expect(task.status).toEqual({ rules: { ...RULES, maxBytes: MAX_BYTES } })
  const pruned = { entries: 0, sizeBytes: 0, pinned: 0 }
  expect(await task.run()).toEqual(pruned)
  expect(sizes.storedBytes).toBe(MAX_BYTES)
  expect(task.status.last).toEqual({ startedAtMs, tookMs: 0, pruned })
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  expect(looks()).toBe(1)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(looks()).toBe(2)
  await task.stop()
  await expect(task.run()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
})

test('other rules count from now on: what was looked at long enough ago is looked at soon', async () => {
  const { task, looks } = startTask(MAX_BYTES)
  await vi.advanceTimersByTimeAsync(4 * MINUTE_MS)
  task.change({ intervalMs: 3 * MINUTE_MS })
  expect(task.status.rules).toEqual({ ...RULES, maxBytes: MAX_BYTES, intervalMs: 3 * MINUTE_MS })
  await vi.advanceTimersByTimeAsync(1)
  expect(looks()).toBe(1)
  await vi.advanceTimersByTimeAsync(3 * MINUTE_MS)
  expect(looks()).toBe(2)
  // More than a sixteenth too much, by the new rule.
  task.change({ maxBytes: MAX_BYTES / 2 })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks()).toBe(3)
  await task.stop()
})
