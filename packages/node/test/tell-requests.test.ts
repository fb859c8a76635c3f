import type { RequestEvent } from '@pastel-mesh/sdk-server'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { requestTeller } from '../src/cli/tell-requests.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

interface Line {
  readonly level: number
  readonly msg: string
  readonly skipped?: number
}

function teller() {
  const lines: Line[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as Line)
  const tell = requestTeller(pino({ level: 'debug' }, { write }))
  const event: RequestEvent = {
    method: 'GET',
    path: '/trpc',
    procedures: ['service.ping', 'auth.whoami'],
    status: 200,
    tookMs: 3,
    address: '192.0.2.1',
  }
  return { lines, tell: (changed: Partial<RequestEvent>) => tell({ ...event, ...changed }) }
}

it('the level is by the status, and the line says what was asked for by whom', () => {
  const { lines, tell } = teller()
  for (const status of [200, 207, 304, 404, 429, 499, 503, 500, 502]) tell({ status })
  tell({ status: 403, procedures: [], subject: 'jX' })
  const { labels } = pino().levels
  expect(lines.map(({ level }) => labels[level])).toEqual([
    ...['debug', 'debug', 'debug'],
    ...['info', 'info', 'info', 'info'],
    ...['warn', 'warn'],
    'info',
  ])
  expect(lines[0]?.msg).toBe('GET /trpc service.ping,auth.whoami 200 in 3 ms, from 192.0.2.1')
  expect(lines.at(-1)?.msg).toBe('GET /trpc 403 in 3 ms, jX from 192.0.2.1')
})

it('of what is refused over and over, no more than a little is at info, which says how much it leaves out', () => {
  const { lines, tell } = teller()
  for (let count = 0; count < 300; count += 1) tell({ status: 404 })
  const atInfo = () => lines.filter(({ level }) => level === 30)
  expect(lines).toHaveLength(300)
  expect(atInfo()).toHaveLength(100)
  vi.advanceTimersByTime(100)
  tell({ status: 404 })
  expect(atInfo()).toHaveLength(101)
  expect(atInfo().at(-1)?.skipped).toBe(200)
  vi.advanceTimersByTime(100)
  tell({ status: 404 })
  expect(atInfo().at(-1)).not.toHaveProperty('skipped')
})
