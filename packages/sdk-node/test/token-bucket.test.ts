import { expect, test } from 'vitest'
import { TokenBucket } from '../src/inbound/token-bucket.ts'

function bucketAt(perSecond: number, burst: number) {
  const clock = { now: 1000 }
  return { clock, bucket: new TokenBucket({ perSecond, burst }, () => clock.now) }
}

test('what is spent comes back with time, up to the burst', () => {
  const { bucket, clock } = bucketAt(100, 10)
  expect(bucket.take(10)).toBe(true)
  expect(bucket.take(1)).toBe(false)
  clock.now += 50
  expect(bucket.take(5)).toBe(true)
  expect(bucket.take(1)).toBe(false)
  clock.now += 60_000
  expect(bucket.take(10)).toBe(true)
  expect(bucket.take(1)).toBe(false)
})

test('a charge that is refused takes nothing', () => {
  const { bucket } = bucketAt(100, 10)
  expect(bucket.take(7)).toBe(true)
  expect(bucket.take(4)).toBe(false)
  expect(bucket.take(3)).toBe(true)
})

test('a charge above the burst passes when the bucket is full, and is paid back', () => {
  const { bucket, clock } = bucketAt(100, 10)
  expect(bucket.take(30)).toBe(true)
  expect(bucket.take(1)).toBe(false)
  clock.now += 200
  expect(bucket.take(1)).toBe(false)
  clock.now += 10
  expect(bucket.take(1)).toBe(true)
})

test('says how long until the tokens are there', () => {
  const { bucket, clock } = bucketAt(100, 10)
  expect(bucket.delayMs(10)).toBe(0)
  bucket.take(10)
  expect(bucket.delayMs(1)).toBe(10)
  expect(bucket.delayMs(10)).toBe(100)
  // More than it can ever hold: until it is full.
  expect(bucket.delayMs(1000)).toBe(100)
  clock.now += 100
  expect(bucket.delayMs(10)).toBe(0)
})

test('what has happened already is spent, and delays what comes next', () => {
  const { bucket } = bucketAt(100, 10)
  bucket.spend(30)
  expect(bucket.take(1)).toBe(false)
  expect(bucket.delayMs(1)).toBe(210)
})

test('another rate counts from now on, and what is in the bucket stays as far as it has room', () => {
  const { bucket, clock } = bucketAt(100, 10)
  bucket.setRate({ perSecond: 10, burst: 4 })
  expect(bucket.take(5)).toBe(true)
  expect(bucket.delayMs(1)).toBe(200)
  bucket.setRate({ perSecond: 1_000, burst: 50 })
  expect(bucket.delayMs(1)).toBe(2)
  clock.now += 1_000
  expect(bucket.take(50)).toBe(true)
  expect(bucket.take(1)).toBe(false)
})
