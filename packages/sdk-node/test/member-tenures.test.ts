import { expect, test } from 'vitest'
import { Tenures } from '../src/members/tenures.ts'
import { seededSigner } from './fixtures/testkit.ts'

const alice = { pastelId: seededSigner('alice').pastelId, role: 'member' }
const NOW = 1_000_000

test('who leaves is gone at once, also if the clock was ahead when it joined', () => {
  const tenures = new Tenures()
  tenures.take({ kind: 'joined', ...alice, atMs: NOW + 86_400_000 })
  tenures.take({ kind: 'left', ...alice, atMs: NOW })
  expect(tenures.memberAt(alice.pastelId, NOW)).toBeUndefined()
  expect(tenures.memberAt(alice.pastelId, NOW - 1)).toMatchObject(alice)
  // As it is written down and read again.
  const again = new Tenures()
  for (const event of tenures.events()) again.take(event)
  expect(again.memberAt(alice.pastelId, NOW)).toBeUndefined()
  expect(again.current.size).toBe(0)
})

/** What is known of some times, in memory and when it was written down and read again. */
function known(tenures: Tenures, times: readonly number[]): (string | undefined)[] {
  const again = new Tenures()
  for (const event of tenures.events()) again.take(event)
  const [one, other] = [tenures, again].map((which) =>
    times.map((atMs) => which.memberAt(alice.pastelId, atMs)?.role),
  )
  expect(other).toEqual(one)
  return one ?? []
}

test('who comes and goes without end is a member of no time when it was none, after a restart either', () => {
  const tenures = new Tenures()
  for (let i = 0; i < 40; i += 1) {
    tenures.take({ kind: 'joined', ...alice, atMs: 100 * i })
    tenures.take({ kind: 'left', ...alice, atMs: 100 * i + 50 })
  }
  const times = (offset: number) => Array.from({ length: 40 }, (_, i) => 100 * i + offset)
  expect(known(tenures, times(75))).toEqual(Array(40).fill(undefined))
  // The first and the last fifteen are remembered.
  const isThere = known(tenures, [-1_000, ...times(25)])
  expect(isThere.slice(0, 2)).toEqual(['member', 'member'])
  expect(isThere.slice(2, -15)).toEqual(Array(24).fill(undefined))
  expect(isThere.slice(-15)).toEqual(Array(15).fill('member'))
})

test('who changes its role without end stays a member of all the time when it was one', () => {
  const tenures = new Tenures()
  tenures.take({ kind: 'joined', ...alice, atMs: 0 })
  tenures.take({ kind: 'left', ...alice, atMs: 50 })
  for (let i = 1; i < 40; i += 1) {
    tenures.take({ kind: 'joined', ...alice, role: i % 2 === 0 ? 'member' : 'operator', atMs: 100 * i })
  }
  expect(known(tenures, [-1_000, 25, 50, 75])).toEqual(['member', 'member', undefined, undefined])
  const roles = known(
    tenures,
    Array.from({ length: 39 }, (_, i) => 100 * i + 150),
  )
  expect(roles).not.toContain(undefined)
  expect(roles.slice(-4)).toEqual(['member', 'operator', 'member', 'operator'])
})
