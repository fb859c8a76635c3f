import type { LoginEvent } from '@pastel-mesh/sdk-server'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { loginTeller } from '../src/cli/tell-logins.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

function teller() {
  const lines: { level: string; msg: string; skipped?: number }[] = []
  const formatters = { level: (level: string) => ({ level }) }
  const logger = pino(
    { level: 'debug', formatters, base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  const tell = loginTeller(logger)
  const event: Omit<LoginEvent, 'what'> = { subject: 'jX', address: '192.0.2.1' }
  return { lines, tell: (what: LoginEvent['what']) => tell({ ...event, what }) }
}

it('who logged in is at info, what was refused or came twice at warn', () => {
  const { lines, tell } = teller()
  for (const what of ['loggedIn', 'refused', 'reused'] as const) tell(what)
  const fields = { event: 'login', subject: 'jX', address: '192.0.2.1' }
  expect(lines).toEqual([
    { ...fields, level: 'info', what: 'loggedIn', msg: 'jX logged in to the API, from 192.0.2.1' },
    {
      ...fields,
      level: 'warn',
      what: 'refused',
      msg: 'jX may not log in to the API: ERR_LOGIN, from 192.0.2.1',
    },
    {
      ...fields,
      level: 'warn',
      what: 'reused',
      msg: 'a refresh token of jX came twice, from 192.0.2.1: its session has ended',
    },
  ])
})

it('of logins that are refused over and over, no more than a little is at warn, which says how much it leaves out', () => {
  const { lines, tell } = teller()
  for (let count = 0; count < 300; count += 1) tell('refused')
  const warned = () => lines.filter(({ level }) => level === 'warn')
  expect(lines).toHaveLength(300)
  expect(warned()).toHaveLength(100)
  vi.advanceTimersByTime(100)
  tell('refused')
  expect(warned()).toHaveLength(101)
  expect(warned().at(-1)?.skipped).toBe(200)
})
