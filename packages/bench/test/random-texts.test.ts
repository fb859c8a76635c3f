import { expect, test } from 'vitest'
import { RandomTexts } from '../src/random-texts.ts'

test('texts have their length, and none is another', () => {
  const texts = new RandomTexts(300)
  const made = Array.from({ length: 10_000 }, () => texts.next())
  expect(new Set(made.map(({ length }) => length))).toEqual(new Set([300]))
  expect(new Set(made).size).toBe(10_000)
})

test('there is no end of them, and one may be long', () => {
  const texts = new RandomTexts(3 * 2 ** 20)
  const [first, ...rest] = Array.from({ length: 5 }, () => texts.next())
  expect(rest.map(({ length }) => length)).toEqual([1, 2, 3, 4].map(() => 3 * 2 ** 20))
  expect(rest[0]).not.toBe(first)
})
