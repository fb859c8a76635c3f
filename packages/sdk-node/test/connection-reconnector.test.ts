import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Reconnector } from '../src/connection/reconnector.ts'

const ADDRESS = multiaddr('/ip4/127.0.0.1/tcp/1')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A reconnector whose dials fail or succeed as told, and when it dialled. */
function start() {
  const dialledMs: number[] = []
  let answer = (): Connection => {
    throw new Error('nobody is there')
  }
  const reconnector = new Reconnector({
    dial: async () => {
      dialledMs.push(performance.now())
      return answer()
    },
  })
  const pauses = () => dialledMs.slice(1).map((ms, i) => Math.round(ms - (dialledMs[i] as number)))
  return {
    reconnector,
    dialledMs,
    pauses,
    succeed: () => {
      const connection = Object.assign(new EventTarget(), { status: 'open' })
      answer = () => connection as unknown as Connection
      return () => connection.dispatchEvent(new Event('close'))
    },
    fail: () => {
      answer = () => {
        throw new Error('nobody is there')
      }
    },
  }
}

test('pauses double up to half a minute', async () => {
  const { reconnector, pauses } = start()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(150_000)
  expect(pauses()).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  reconnector.stop()
})

test('a connection that held makes the next pause short again, one that did not does not', async () => {
  const { reconnector, pauses, dialledMs, succeed, fail } = start()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(7_500)
  expect(pauses()).toEqual([500, 1_000, 2_000, 4_000])

  const lose = succeed()
  await vi.advanceTimersByTimeAsync(8_000)
  await vi.advanceTimersByTimeAsync(1_000)
  lose()
  await vi.advanceTimersByTimeAsync(15_999)
  expect(dialledMs).toHaveLength(6)
  await vi.advanceTimersByTimeAsync(1)
  expect(dialledMs).toHaveLength(7)

  await vi.advanceTimersByTimeAsync(31_000)
  fail()
  lose()
  await vi.advanceTimersByTimeAsync(500)
  expect(dialledMs).toHaveLength(8)
  reconnector.stop()
})

test('an address is kept once, however often it is named', async () => {
  const { reconnector, dialledMs, succeed } = start()
  succeed()
  reconnector.keep(ADDRESS)
  reconnector.keep(multiaddr(ADDRESS.toString()))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)
  reconnector.stop()
})

test('a stop ends everything: waiting, dialling, and what is lost later', async () => {
  const { reconnector, dialledMs, succeed } = start()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(100)
  expect(vi.getTimerCount()).toBe(1)
  reconnector.stop()
  expect(vi.getTimerCount()).toBe(0)
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)

  const other = start()
  const lose = other.succeed()
  other.reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(1)
  other.reconnector.stop()
  lose()
  expect(vi.getTimerCount()).toBe(0)
  expect(succeed).toBeTypeOf('function')
})

test('a dial in flight is aborted by a stop', async () => {
  let aborted = false
  const reconnector = new Reconnector({
    dial: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true
          reject(signal.reason)
        })
      }),
  })
  reconnector.keep(ADDRESS)
  reconnector.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(aborted).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
