import { expect, it } from 'vitest'
import { Seldom } from '../src/seldom.ts'

const MINUTE_MS = 60_000

it('what happens again and again is said once in ten minutes', () => {
  let nowMs = 0
  const seldom = new Seldom(() => nowMs)
  const said: number[] = []
  for (; nowMs < 30 * MINUTE_MS; nowMs += MINUTE_MS) if (seldom.isDue('it')) said.push(nowMs / MINUTE_MS)
  expect(said).toEqual([0, 10, 20])
  expect(seldom.isDue('something else')).toBe(true)
})

it('a bounded number of things is remembered, those that were said last', () => {
  const seldom = new Seldom(() => 0)
  for (let i = 0; i <= 1_024; i += 1) expect(seldom.isDue(`${i}`)).toBe(true)
  expect(seldom.isDue('1024')).toBe(false)
  expect(seldom.isDue('0')).toBe(true)
})
