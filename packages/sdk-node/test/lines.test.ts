import { expect, test } from 'vitest'
import { Lines } from '../src/inbound/lines.ts'

const turns = async () => {
  for (let i = 0; i < 10; i += 1) await Promise.resolve()
}

test('each goes on when those before it have left, in whatever order they finish', async () => {
  const order = new Lines()
  const places = Array.from({ length: 4 }, () => order.enter('log'))
  const went: number[] = []
  for (const [i, { turn }] of places.entries()) void Promise.resolve(turn).then(() => went.push(i))
  await turns()
  expect(went).toEqual([0])
  places[2]?.leave()
  await turns()
  expect(went).toEqual([0])
  places[0]?.leave()
  await turns()
  expect(went).toEqual([0, 1])
  places[1]?.leave()
  await turns()
  expect(went).toEqual([0, 1, 2, 3])
})

test('the first in a line does not wait', () => {
  const order = new Lines()
  const { turn, leave } = order.enter('log')
  expect(turn).toBeUndefined()
  expect(order.enter('another').turn).toBeUndefined()
  leave()
  expect(order.enter('log').turn).toBeUndefined()
})

test('nothing is kept of lines that are empty', () => {
  const order = new Lines()
  for (let i = 0; i < 1000; i += 1) {
    const first = order.enter(`log ${i}`)
    const second = order.enter(`log ${i}`)
    second.leave()
    first.leave()
  }
  expect(order.size).toBe(0)
})
