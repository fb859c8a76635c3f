import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeKept, encodeKept, type KeptRecord } from '../src/sync/kept-place-codec.ts'
import { SyncPlace } from '../src/sync/sync-place.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

const alice = seededSigner('alice')
const CURSOR = { store: Buffer.alloc(16, 3), position: 70_000, hash: Buffer.alloc(8, 4) }

function record(): KeptRecord {
  const place = new SyncPlace()
  place.advance(['topic/a', 'topic/b'], { cursor: CURSOR, sinceMs: 1_700_000_000_000 })
  place.advance(['topic/c'], { cursor: { ...CURSOR, position: 0, hash: Buffer.alloc(0) }, sinceMs: 0 })
  const range = (name: string) => ({
    log: new LogWriter({ identity: 'alice', runs: name }, alice).log,
    first: 3,
    last: Number.MAX_SAFE_INTEGER,
    channel: 'topic/a',
  })
  place.defer({ ...range('1'), sender: Buffer.from(alice.publicKey), isHolders: true, sinceMs: 12 }, 0)
  place.defer(range('2'), 0)
  for (let i = 0; i < 20; i += 1) place.defer(range('3'), 0)
  return { own: { ...CURSOR, position: 9 }, writtenAtMs: 1_800_000_000_000, place: place.copy() }
}

test('what is kept comes back as it was', () => {
  expect(decodeKept(encodeKept(record()))).toEqual(record())
})

test('damaged bytes are forgotten, whatever is wrong with them', () => {
  const bytes = encodeKept(record())
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeKept(bytes.subarray(0, length)), `cut to ${length}`).toBeUndefined()
  }
  expect(decodeKept(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined()
  expect(decodeKept(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toBeUndefined()
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = byte
      // It may be sound by chance; it throws nothing.
      const place = decodeKept(damaged)?.place
      if (place !== undefined) new SyncPlace(place).due(0)
    }),
  )
  fc.assert(fc.property(fc.uint8Array(), (any) => void decodeKept(any)))
})
