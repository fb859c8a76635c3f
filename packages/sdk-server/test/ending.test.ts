import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Ending } from '../src/auth/ending.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const DAY_MS = 24 * 60 * 60_000

test('an end further off than a timer can wait comes at its time', async () => {
  const ending = new Ending(Date.now)
  ending.endAt(Date.now() + 60 * DAY_MS, 'over')
  await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1)
  expect(ending.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(ending.signal.reason).toMatchObject({ code: 'ERR_TOKEN', message: 'over' })
})

test('an end that is moved does not come at the time before, and one without a time never', async () => {
  const moved = new Ending(Date.now)
  moved.endAt(Date.now() + 1_000, 'over')
  moved.endAt(Date.now() + 2_000, 'over')
  const endless = new Ending(Date.now)
  endless.endAt(Number.POSITIVE_INFINITY, 'over')
  await vi.advanceTimersByTimeAsync(1_999)
  expect(moved.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(100 * DAY_MS)
  expect([moved.signal.aborted, endless.signal.aborted]).toEqual([true, false])
})
