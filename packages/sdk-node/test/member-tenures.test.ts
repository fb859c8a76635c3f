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
