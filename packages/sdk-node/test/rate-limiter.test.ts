import { expect, onTestFinished, test, vi } from 'vitest'
import { RateLimiter } from '../src/inbound/rates.ts'

const rates = { bytes: { perSecond: 0.001, burst: 1000 }, batches: { perSecond: 0.001, burst: 3 } }

test('charges bytes and batches, or nothing', () => {
  const limiter = new RateLimiter(rates)
  expect(limiter.take('a', 900)).toBe(true)
  // Over the bytes: the batch is not charged either.
  for (let i = 0; i < 5; i += 1) expect(limiter.take('a', 200)).toBe(false)
  expect(limiter.take('a', 10)).toBe(true)
  expect(limiter.take('a', 10)).toBe(true)
  // Over the batches: the bytes are not charged either.
  expect(limiter.take('a', 10)).toBe(false)
})

test('accounts do not touch each other', () => {
  const limiter = new RateLimiter(rates)
  expect(limiter.take('a', 1000)).toBe(true)
  expect(limiter.take('a', 1)).toBe(false)
  expect(limiter.take('b', 1000)).toBe(true)
})

test('remembers a bounded number of accounts: the least recently charged leave first', () => {
  const limiter = new RateLimiter(rates)
  limiter.take('busy', 1000)
  limiter.take('idle', 1000)
  for (let i = 0; i < 8191; i += 1) {
    limiter.take(`other ${i}`, 1)
    if (i % 1000 === 0) expect(limiter.take('busy', 1)).toBe(false)
  }
  expect(limiter.size).toBe(8192)
  expect(limiter.take('busy', 1)).toBe(false)
  // Its account is new.
  expect(limiter.take('idle', 1000)).toBe(true)
  expect(limiter.size).toBe(8192)
})

test('waiting is in order, over bytes and batches together', async () => {
  const limiter = new RateLimiter({
    bytes: { perSecond: 20_000, burst: 500 },
    batches: { perSecond: 1000, burst: 1 },
  })
  const served: number[] = []
  const sizes = [500, 1, 400, 1, 1, 300, 1]
  await Promise.all(sizes.map((size, i) => limiter.wait('a', size).then(() => served.push(i))))
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('many who wait do not keep the event loop busy', async () => {
  const limiter = new RateLimiter({
    bytes: { perSecond: 1e9, burst: 1e9 },
    batches: { perSecond: 4000, burst: 10 },
  })
  const before = performance.eventLoopUtilization()
  await Promise.all(Array.from({ length: 1000 }, () => limiter.wait('a', 1)))
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.6)
})

test('nobody overtakes those who wait', async () => {
  const limiter = new RateLimiter({
    bytes: { perSecond: 100_000, burst: 1000 },
    batches: { perSecond: 1e6, burst: 1e6 },
  })
  limiter.take('a', 1000)
  const waiting = limiter.wait('a', 900)
  while (performance.now() % 4 < 3) await new Promise((resolve) => setImmediate(resolve))
  expect(limiter.take('a', 1)).toBe(false)
  await waiting
  expect(limiter.take('a', 1)).toBe(true)
})

test('a rate of nothing lets nobody through, and does not spin', async () => {
  const clock = vi.spyOn(performance, 'now')
  onTestFinished(() => clock.mockRestore())
  const limiter = new RateLimiter({ bytes: { perSecond: 0, burst: 1 }, batches: { perSecond: 0, burst: 1 } })
  const abort = new AbortController()
  await limiter.wait('a', 1)
  const waiting = limiter.wait('a', 1, abort.signal)
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setTimeout(resolve, 2))
  abort.abort()
  await expect(waiting).rejects.toThrow()
  expect(clock.mock.calls.length).toBeLessThan(20)
})

test('one who gives up takes nothing with him', async () => {
  const limiter = new RateLimiter({
    bytes: { perSecond: 1e9, burst: 1e9 },
    batches: { perSecond: 0.001, burst: 1 },
  })
  const abort = new AbortController()
  await limiter.wait('a', 10)
  const waiting = limiter.wait('a', 10, abort.signal)
  const behind = limiter.wait('a', 10, abort.signal)
  abort.abort()
  await expect(waiting).rejects.toThrow()
  await expect(behind).rejects.toThrow()
})

test('other rates count from now on, for those who were charged before as well', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const roomy = new RateLimiter(rates)
  for (let i = 0; i < 3; i += 1) expect(roomy.take('a', 10)).toBe(true)
  roomy.setRates({ bytes: { perSecond: 1e6, burst: 1e6 }, batches: { perSecond: 10, burst: 10 } })
  expect(roomy.take('a', 10)).toBe(false)
  vi.advanceTimersByTime(1_000)
  for (let i = 0; i < 10; i += 1) expect(roomy.take('a', 10)).toBe(true)
  expect(roomy.take('a', 10)).toBe(false)
  // Who is new has them from the beginning.
  for (let i = 0; i < 10; i += 1) expect(roomy.take('b', 10)).toBe(true)
  expect(roomy.take('b', 10)).toBe(false)
})
