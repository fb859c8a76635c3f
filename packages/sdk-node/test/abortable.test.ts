import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { abortable } from '../src/inbound/abortable.ts'
import { withTimeLimit } from '../src/inbound/time-limit.ts'

const never = new Promise<never>(() => {})
const late = () => new Error('late')

test('gives what the promise gives', async () => {
  const { signal } = new AbortController()
  expect(await abortable(Promise.resolve(7), signal)).toBe(7)
  expect(await abortable(Promise.resolve(7), undefined)).toBe(7)
  await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('ends with the signal’s reason, and a failure that comes later reaches nobody', async () => {
  const abort = new AbortController()
  const { promise, reject } = Promise.withResolvers<void>()
  const waiting = abortable(promise, abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(abortable(promise, abort.signal)).rejects.toThrow('enough')
  reject(new Error('too late'))
  expect(getEventListeners(abort.signal, 'abort')).toEqual([])
})

test('a time limit ends an act that takes too long, whether it listens or not', async () => {
  const { signal } = new AbortController()
  let heard: unknown
  const listening = withTimeLimit({ ms: 5, error: late, signal }, async (limit) => {
    limit.addEventListener('abort', () => {
      heard = limit.reason
    })
    await never
  })
  await expect(listening).rejects.toThrow('late')
  expect(heard).toEqual(new Error('late'))
  await expect(withTimeLimit({ ms: 5, error: late, signal }, () => never)).rejects.toThrow('late')
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('an act that is in time leaves nothing', async () => {
  const { signal } = new AbortController()
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const before = timers()
  let during = 0
  const act = async () => {
    during = timers()
    return 7
  }
  expect(await withTimeLimit({ ms: 60_000, error: late, signal }, act)).toBe(7)
  expect([during, timers()]).toEqual([before + 1, before])
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('the signal ends it before its time, or before it begins', async () => {
  const abort = new AbortController()
  const waiting = withTimeLimit({ ms: 60_000, error: late, signal: abort.signal }, () => never)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  let isBegun = false
  const begin = async () => {
    isBegun = true
  }
  await expect(withTimeLimit({ ms: 5, error: late, signal: abort.signal }, begin)).rejects.toThrow('enough')
  expect(isBegun).toBe(false)
})
