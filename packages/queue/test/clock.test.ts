import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../src/index.ts'

const DAY_MS = 86_400_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('whoever waits longer than a timer can wakes up in time, and not before', () => {
  const woken = vi.fn()
  systemClock.wake(60 * DAY_MS, woken)
  vi.advanceTimersByTime(60 * DAY_MS - 1)
  expect(woken).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(woken).toHaveBeenCalledOnce()
})

test('a long wait that is taken back does not end', () => {
  const woken = vi.fn()
  const cancel = systemClock.wake(60 * DAY_MS, woken)
  vi.advanceTimersByTime(30 * DAY_MS)
  cancel()
  vi.advanceTimersByTime(60 * DAY_MS)
  expect(woken).not.toHaveBeenCalled()
})
