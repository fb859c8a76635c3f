import { expect, test } from 'vitest'
import { Limiter } from '../src/inbound/limiter.ts'

test('runs no more at once than allowed, in the order of their arrival', async () => {
  const limiter = new Limiter(3)
  let running = 0
  let most = 0
  const begun: number[] = []
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      limiter.run(async () => {
        begun.push(i)
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      }),
    ),
  )
  expect(most).toBe(3)
  expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i))
})

test('a task that fails leaves its place', async () => {
  const limiter = new Limiter(1)
  const fail = () => limiter.run(() => Promise.reject(new Error('no')))
  const throwing = () =>
    limiter.run(() => {
      throw new Error('at once')
    })
  const results = await Promise.allSettled([fail(), throwing(), fail(), limiter.run(async () => 'done')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled'])
  expect(await limiter.run(async () => 'again')).toBe('again')
})

test('urgent tasks come before those that wait longer, which come forward all the same', async () => {
  const limiter = new Limiter(1)
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const order: string[] = []
  const run = (name: string, isUrgent?: boolean) => limiter.run(async () => void order.push(name), isUrgent)
  const all = [limiter.run(() => gate), run('other 1'), run('other 2')]
  for (let i = 0; i < 10; i += 1) all.push(run(`${i}`, true))
  open()
  await Promise.all(all)
  expect(order).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', 'other 1', '8', '9', 'other 2'])
})
