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
