import { expect, test } from 'vitest'
import { median, percentile } from '../src/statistics.ts'

test('percentiles do not depend on the order of the values', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(percentile(values, 50)).toBe(51)
  expect(percentile(values, 99)).toBe(100)
  expect(percentile(values, 100)).toBe(100)
  expect(median([3, 1, 2])).toBe(2)
})

test('of no values there is no percentile', () => {
  expect(percentile([], 50)).toBeNaN()
})
