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

function openConnection(): Connection {
  return Object.assign(new EventTarget(), { status: 'open', remotePeer: 'bob' }) as unknown as Connection
}

/** A reconnector whose dials fail or succeed as told, and when it dialled. */
function start(
  connectionTo: () => Connection | undefined = () => undefined,
  whenCertified: () => Promise<void> = async () => {},
) {
  const dialledMs: number[] = []
  let answer = (): Connection => {
    throw new Error('nobody is there')
  }
  const reconnector = new Reconnector({
    dial: async () => {
      dialledMs.push(performance.now())
      return answer()
    },
    connectionTo,
    whenCertified,
  })
  const pauses = () => dialledMs.slice(1).map((ms, i) => Math.round(ms - (dialledMs[i] as number)))
  return {
    reconnector,
    dialledMs,
    pauses,
    succeed: () => {
      const connection = openConnection()
      answer = () => connection
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

test('as long as there is another connection to the peer, the address is not dialled', async () => {
  const other = openConnection()
  let isThere = true
  const { reconnector, dialledMs, succeed } = start(() => (isThere ? other : undefined))
  const lose = succeed()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(1)
  lose()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)
  isThere = false
  other.dispatchEvent(new Event('close'))
  await vi.advanceTimersByTimeAsync(500)
  expect(dialledMs).toHaveLength(2)
  reconnector.stop()
})

test('an address that is left alone is not dialled until it is woken', async () => {
  const { reconnector, dialledMs, succeed } = start()
  const lose = succeed()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(1)
  const chosen = ({ peer }: { peer?: unknown }) => peer === 'bob'
  expect(reconnector.rest(() => false)).toBe(false)
  expect(reconnector.rest(chosen)).toBe(true)
  expect(reconnector.rest(chosen)).toBe(false)
  lose()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)
  reconnector.wake(() => false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)
  reconnector.wake(chosen)
  await vi.advanceTimersByTimeAsync(1)
  expect(dialledMs).toHaveLength(2)
  reconnector.stop()
})

test('an address that is left alone while it pauses, or is dialled, stays alone', async () => {
  const { reconnector, dialledMs } = start()
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(100)
  reconnector.rest(() => true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(dialledMs).toHaveLength(1)

  const unreachable: string[] = []
  const dialling = new Reconnector({
    dial: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    onUnreachable: (address) => unreachable.push(address),
  })
  dialling.keep(ADDRESS)
  dialling.rest(() => true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(unreachable).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('it says how it stands with an address: what failed last, the dial or what came of the connection', async () => {
  let connected: Connection | undefined
  let certified = async () => {}
  const { reconnector, succeed, fail } = start(
    () => connected,
    () => certified(),
  )
  const status = () => reconnector.status()[0]
  reconnector.keep(ADDRESS)
  await vi.advanceTimersByTimeAsync(0)
  expect(status()).toMatchObject({
    address: ADDRESS.toString(),
    isConnected: false,
    failure: { error: { message: 'nobody is there' }, atMs: expect.any(Number) },
  })

  certified = async () => {
    throw new Error('the other end says not-a-member')
  }
  let lose = succeed()
  await vi.advanceTimersByTimeAsync(500)
  expect(status()).toMatchObject({ failure: { error: { message: 'the other end says not-a-member' } } })
  lose()

  certified = async () => {}
  lose = succeed()
  await vi.advanceTimersByTimeAsync(1_000)
  connected = openConnection()
  expect(status()).toEqual({ address: ADDRESS.toString(), isResting: false, isConnected: true })

  connected = undefined
  fail()
  lose()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(status()).toMatchObject({ isConnected: false, failure: { error: { message: 'nobody is there' } } })
  reconnector.rest(() => true)
  expect(status()).toMatchObject({ isResting: true })
  reconnector.stop()
})
