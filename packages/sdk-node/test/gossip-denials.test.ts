import { expect, test } from 'vitest'
import { Denials } from '../src/gossip/denials.ts'

const MINUTE_MS = 60_000

test('a denial lasts a minute, each repetition twice as long, an hour at most', () => {
  const denials = new Denials()
  let nowMs = 0
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    denials.add('mallory', nowMs)
    expect(denials.has('mallory', nowMs + minutes * MINUTE_MS - 1)).toBe(true)
    expect(denials.has('mallory', nowMs + minutes * MINUTE_MS)).toBe(false)
    nowMs += minutes * MINUTE_MS
  }
  expect(denials.has('bob', nowMs)).toBe(false)
})

test('who behaved for an hour begins anew', () => {
  const denials = new Denials()
  denials.add('mallory', 0)
  denials.add('mallory', 62 * MINUTE_MS)
  expect(denials.has('mallory', 63 * MINUTE_MS)).toBe(false)
})

test('a flood of names pushes out none whose denial lasts longer', () => {
  const denials = new Denials()
  for (let i = 0; i < 3; i += 1) denials.add('mallory', 0)
  for (let i = 0; i < 5_000; i += 1) denials.add(`sybil ${i}`, i)
  expect(denials.has('mallory', 3 * MINUTE_MS)).toBe(true)
  expect(denials.has('sybil 4999', 5_000)).toBe(true)
  expect(denials.has('sybil 0', 5_000)).toBe(false)
})
