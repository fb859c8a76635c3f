import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinLists } from '../src/supernodes/join-lists.ts'
import { EXTRA, FULL_LINE, OUTPOINTS, PASTEL } from './fixtures/vectors.ts'

const [a, b, c] = OUTPOINTS
const NOTHING = { ranks: new Map(), publicKeys: new Map(), extra: new Map() }

test('the lists are joined by outpoint', () => {
  const { supernodes, skipped } = joinLists({
    full: new Map([
      [b, FULL_LINE],
      [a, FULL_LINE.trim().replace('ENABLED', 'NEW_START_REQUIRED')],
    ]),
    ranks: new Map([
      [a, 7],
      [c, 1],
    ]),
    publicKeys: new Map([[a, '04ab']]),
    extra: new Map([
      [a, EXTRA],
      [b, { ...EXTRA, extKey: `${PASTEL.pastelId.slice(0, -1)}8` }],
    ]),
  })
  const both = {
    protocolVersion: 170_009,
    payee: 'PtiqRXn2VQwBjp1K8QXR2uW2w2oZ3Ns7N6j',
    lastSeen: 1_700_000_000,
    activeSeconds: 1_234_567,
    lastPaidTime: 1_699_990_000,
    lastPaidBlock: 790_000,
    ipPort: '203.0.113.5:9933',
    extAddress: EXTRA.extAddress,
    extP2P: EXTRA.extP2P,
  }
  expect(skipped).toBe(0)
  expect(supernodes).toEqual([
    {
      ...both,
      outpoint: a,
      status: 'NEW_START_REQUIRED',
      rank: 7,
      publicKey: '04ab',
      extKey: PASTEL.pastelId,
      pastelId: PASTEL.pastelId,
    },
    // Its extKey has a wrong checksum, so it is no PastelID.
    {
      ...both,
      outpoint: b,
      status: 'ENABLED',
      rank: undefined,
      publicKey: '',
      extKey: `${PASTEL.pastelId.slice(0, -1)}8`,
    },
  ])
})

test('bad lines are left out and counted', () => {
  const bad = [
    '',
    'ENABLED',
    FULL_LINE.replace('1234567', 'soon'),
    FULL_LINE.replace('170009', '1e5'),
    ` ${'x'.repeat(600)}`,
  ]
  const full = new Map([
    ...bad.map((line, index) => [`${'0'.repeat(63)}${index}-0`, line] as const),
    ['no outpoint', FULL_LINE],
    [a, FULL_LINE],
  ])
  const { supernodes, skipped } = joinLists({ ...NOTHING, full })
  expect(supernodes.map(({ outpoint }) => outpoint)).toEqual([a])
  expect(skipped).toBe(6)
})

test('what a later core adds to a line is left alone, and texts that are too long count as none', () => {
  const full = new Map([[a, `${FULL_LINE} and more`]])
  const extra = new Map([[a, { ...EXTRA, extP2P: 'x'.repeat(10_000) }]])
  expect(joinLists({ ...NOTHING, full, extra }).supernodes).toMatchObject([
    { ipPort: '203.0.113.5:9933', extP2P: '' },
  ])
})

test('no more supernodes are taken than anybody could use', () => {
  const full = new Map(Array.from({ length: 20_005 }, (_, index) => [`${index}-0`, FULL_LINE]))
  const { supernodes, skipped } = joinLists({ ...NOTHING, full })
  expect([supernodes.length, skipped]).toEqual([20_000, 5])
})

test('any line is read or left out', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('ENABLED', '1', '-1', '203.0.113.5:9933'))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 10 }), (words) => {
      const { supernodes, skipped } = joinLists({ ...NOTHING, full: new Map([[a, words.join(' ')]]) })
      expect(supernodes.length + skipped).toBe(1)
    }),
  )
})
