import { expect, test } from 'vitest'
import { ClockCheck, type ClockStatus, peerEpochMs } from '../src/connection/clock-check.ts'
import { seededSigner } from './fixtures/testkit.ts'

const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map((name) => seededSigner(name).pastelId)
type PastelId = NonNullable<typeof alice>

const NOON = Date.UTC(2030, 0, 1, 12)

/** A check whose clocks a test sets: the wall clock is `aheadMs` ahead of the right time. */
function open(strangers: readonly unknown[] = []) {
  const clock = { aheadMs: 0, monotonicMs: 1_000, sleptMs: 0 }
  const gone = new Set<unknown>()
  const told: ClockStatus[] = []
  const check = new ClockCheck(
    { maxPeers: 3 },
    {
      isMember: (pastelId) => !strangers.includes(pastelId),
      isConnected: (pastelId) => !gone.has(pastelId),
      onChange: (status) => told.push(status),
      now: () => NOON + clock.monotonicMs + clock.aheadMs,
      monotonicMs: () => clock.monotonicMs,
      sinceBootMs: () => clock.monotonicMs + clock.sleptMs,
    },
  )
  const measure = (peer: PastelId | undefined, peerAheadMs: number) =>
    check.heard(
      peer as PastelId,
      peerEpochMs(NOON + clock.monotonicMs + peerAheadMs, clock.monotonicMs - 40, clock.monotonicMs + 40),
    )
  return { check, clock, told, measure, gone }
}

test('one peer that differs is doubted, two stop the node, and it goes on when its clock is right again', () => {
  const { check, clock, told, measure } = open()
  measure(bob, 60_000)
  expect(told).toEqual([{ state: 'doubtful', offsetMs: -60_000, peers: 1 }])
  check.assertRight()
  measure(carol, 45_000)
  expect(told.at(-1)).toEqual({ state: 'wrong', offsetMs: -45_000, peers: 2 })
  expect(() => check.assertRight()).toThrow(
    expect.objectContaining({ code: 'ERR_CLOCK', message: expect.stringContaining('45 s behind') }),
  )
  // Set right: no peer has to be asked again.
  clock.aheadMs = 50_000
  check.assertRight()
  expect(told.at(-1)).toEqual({ state: 'ok', offsetMs: 0, peers: 2 })
})

test('a clock that is set wrong is noticed at the next message', () => {
  const { check, clock, measure } = open()
  measure(bob, 10)
  measure(carol, -10)
  check.assertRight()
  clock.aheadMs = 3_600_000
  expect(() => check.assertRight()).toThrow('3600 s ahead')
})

test('half of the peers cannot stop a node, more can', () => {
  const { check, measure } = open()
  measure(bob, 0)
  measure(carol, -90_000)
  expect(check.status).toEqual({ state: 'ok', offsetMs: 0, peers: 2 })
  measure(dave, -70_000)
  expect(check.status).toEqual({ state: 'wrong', offsetMs: 70_000, peers: 3 })
})

test('only members count, each once, and so many of them, for an hour', () => {
  const { check, clock, measure } = open([dave])
  measure(dave, 90_000)
  expect(check.status.peers).toBe(0)
  measure(bob, 90_000)
  measure(bob, 80_000)
  expect(check.status).toEqual({ state: 'doubtful', offsetMs: -80_000, peers: 1 })
  for (const name of ['e', 'f', 'g']) measure(seededSigner(name).pastelId, 0)
  expect(check.status.peers).toBe(3)
  clock.monotonicMs += 2 * 3_600_000
  measure(alice, 0)
  expect(check.status).toEqual({ state: 'ok', offsetMs: 0, peers: 1 })
})

test('who is gone counts for five minutes more', () => {
  const { check, clock, measure, gone } = open()
  measure(bob, 90_000)
  measure(carol, 90_000)
  gone.add(bob)
  clock.monotonicMs += 4 * 60_000
  measure(dave, 90_000)
  expect(check.status).toMatchObject({ state: 'wrong', peers: 3 })
  clock.monotonicMs += 2 * 60_000
  gone.add(dave)
  measure(alice, 0)
  expect(check.status).toMatchObject({ state: 'wrong', peers: 3 })
  clock.monotonicMs += 5 * 60_000
  measure(alice, 0)
  expect(check.status).toMatchObject({ state: 'ok', peers: 2 })
})

test('a machine that slept has a right clock, and measurements from before tell nothing', () => {
  const { check, clock, told, measure } = open()
  measure(bob, 0)
  measure(carol, 0)
  // The wall clock and the time since the boot went on, the monotonic clock did not.
  clock.sleptMs += 3_600_000
  clock.aheadMs += 3_600_000
  check.assertRight()
  expect(told).toEqual([])
  expect(check.status).toEqual({ state: 'ok', peers: 0 })
  measure(bob, 3_600_000)
  measure(carol, 3_600_000)
  expect(check.status).toEqual({ state: 'ok', offsetMs: 0, peers: 2 })
})

test('after a jump of the clock two new measurements are enough to do without the old ones', () => {
  const { check, clock, measure } = open()
  const others = [bob, carol, dave]
  for (const peer of others) measure(peer, 0)
  // As after a halt of a virtual machine: its clocks stood still, and this one was set right since.
  clock.aheadMs += 600_000
  expect(() => check.assertRight()).toThrow('600 s ahead')
  measure(bob, 600_000)
  expect(check.status.state).toBe('wrong')
  measure(carol, 600_000)
  expect(check.status).toEqual({ state: 'ok', offsetMs: 0, peers: 2 })
  check.assertRight()
})
