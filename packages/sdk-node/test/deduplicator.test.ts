import { expect, test } from 'vitest'
import { Deduplicator } from '../src/inbound/dedup.ts'

const hash = (name: string | number) => Buffer.from(`${name}`.padEnd(32))

test('what is stored is a duplicate, what was not stored is not', async () => {
  const seen = new Deduplicator()
  const first = await seen.claim(hash('a'))
  first?.(true)
  expect(await seen.claim(hash('a'))).toBeUndefined()
  const other = await seen.claim(hash('b'))
  other?.(false)
  expect(await seen.claim(hash('b'))).toBeDefined()
})

test('a copy waits for the fate of the one before', async () => {
  const seen = new Deduplicator()
  const first = await seen.claim(hash('a'))
  const answers: string[] = []
  const copies = [1, 2, 3].map(async (i) => {
    const claim = await seen.claim(hash('a'))
    answers.push(`${i} ${claim === undefined ? 'duplicate' : 'goes'}`)
    return claim
  })
  for (let i = 0; i < 10; i += 1) await Promise.resolve()
  expect(answers).toEqual([])
  first?.(false)
  const second = await copies[0]
  expect(answers).toEqual(['1 goes'])
  second?.(true)
  await Promise.all(copies)
  expect(answers).toEqual(['1 goes', '2 duplicate', '3 duplicate'])
})

test('copies of which each fails go one after the other, in the order in which they came', async () => {
  const seen = new Deduplicator()
  const went: number[] = []
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const settle = await seen.claim(hash('a'))
      went.push(i)
      settle?.(false)
    }),
  )
  expect(went).toEqual(Array.from({ length: 50 }, (_, i) => i))
})

test('remembers a bounded number: the oldest are forgotten first', async () => {
  const seen = new Deduplicator()
  for (let i = 0; i < 16_385; i += 1) (await seen.claim(hash(i)))?.(true)
  expect(await seen.claim(hash(1))).toBeUndefined()
  expect(await seen.claim(hash(16_384))).toBeUndefined()
  expect(await seen.claim(hash(0))).toBeDefined()
  expect(seen.size).toBeLessThanOrEqual(16_385)
})

test('keeps nothing of what was refused', async () => {
  const seen = new Deduplicator()
  for (let i = 0; i < 1000; i += 1) (await seen.claim(hash(i)))?.(false)
  expect(seen.size).toBe(0)
})
