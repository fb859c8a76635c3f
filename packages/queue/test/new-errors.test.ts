import { expect, test } from 'vitest'
import { newErrors } from '../src/bullmq/new-errors.ts'

const MINUTE_MS = 60_000

test('errors of a server that alternate are each told once a minute', () => {
  const isNew = newErrors()
  const told: string[] = []
  for (let atMs = 0; atMs < 2 * MINUTE_MS; atMs += 1_000) {
    for (const message of ['read ECONNRESET', 'connect ECONNREFUSED']) {
      if (isNew(new Error(message), message, atMs)) told.push(`${atMs / MINUTE_MS} ${message}`)
    }
  }
  expect(told).toEqual(
    [0, 1].flatMap((minute) =>
      ['read ECONNRESET', 'connect ECONNREFUSED'].map((text) => `${minute} ${text}`),
    ),
  )
})

test('one error that several pass on is told once, however late', () => {
  const isNew = newErrors()
  const error = new Error('Connection is closed.')
  expect(isNew(error, error.message, 0)).toBe(true)
  expect(isNew(error, error.message, 2 * MINUTE_MS)).toBe(false)
})

test('of errors that never say the same, the oldest is forgotten', () => {
  const isNew = newErrors()
  for (let n = 0; n < 1_000; n += 1) expect(isNew(undefined, `error ${n}`, n)).toBe(true)
  expect(isNew(undefined, 'error 999', 1_000)).toBe(false)
  expect(isNew(undefined, 'error 0', 1_000)).toBe(true)
})
