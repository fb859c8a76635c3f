import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createLocalSigner, generateSeed, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { closestSupernodes, type Supernode } from '../src/index.ts'

const PYTHON = '/usr/bin/python3'
const isMissing = !existsSync(PYTHON)
if (isMissing) console.warn(`distances are not compared with Python's: ${PYTHON} is missing`)

/** As Pastel's clients rank: the numbers of the second list, by distance from each of the first. */
const PROGRAM = `
import hashlib, json, sys
place = lambda name: int(hashlib.sha3_256(name.encode("utf-8")).hexdigest(), 16)
targets, names = json.load(sys.stdin)
rank = lambda target: sorted(range(len(names)), key=lambda i: place(names[i]) ^ place(target))
print(json.dumps([rank(target) for target in targets]))
`

const idOf = (seed: Uint8Array) => createLocalSigner(seed).pastelId
const random = (count: number) => Array.from({ length: count }, () => idOf(generateSeed()))

function supernode(pastelId: PastelId | undefined, number = 0, status = 'ENABLED'): Supernode {
  return {
    outpoint: `${'ab'.repeat(32)}-${number}`,
    status,
    protocolVersion: 170009,
    payee: 'Pt',
    lastSeen: 0,
    activeSeconds: 0,
    lastPaidTime: 0,
    lastPaidBlock: 0,
    ipPort: '127.0.0.1:9933',
    rank: number,
    publicKey: '',
    extAddress: '',
    extP2P: '',
    extKey: pastelId ?? '',
    ...(pastelId === undefined ? {} : { pastelId }),
  }
}

const EIGHT = Array.from({ length: 8 }, (_, i) => supernode(idOf(new Uint8Array(57).fill(i + 1)), i + 1))

// Ranked by Python: sorted(ids, key=lambda i: h(i) ^ h(target)), h = int(hashlib.sha3_256(text.encode()).hexdigest(), 16).
test.each([
  [
    'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
    [1, 6, 8, 3, 7, 5, 4, 2],
  ],
  [
    'jXYqZNPj21RVnwxnEJ654wEdzi7GZTZ5LAdiotBmPrF7pDMkpX1JegDMQZX55WZLkvy9fxNpZcbBJuE8QYUqBF',
    [2, 4, 5, 7, 3, 8, 6, 1],
  ],
  [
    'jXanJYsUZLLm54tgKvDMjrZrHMdrKB8X3itB1hvDoaD7fUp23D6LDPxbFcUrAMwRUdTrBPzS6oKpfpTSvBbot4',
    [3, 7, 6, 1, 8, 2, 4, 5],
  ],
])('supernodes are ranked as Python ranked them for %s', (text, ranks) => {
  const pastelId = parsePastelId(text)
  const numbers = (supernodes: Supernode[]) => supernodes.map(({ rank }) => rank)
  expect(numbers(closestSupernodes(pastelId, EIGHT, 8))).toEqual(ranks)
  expect(numbers(closestSupernodes(pastelId, EIGHT.toReversed()))).toEqual(ranks.slice(0, 3))
})

test.skipIf(isMissing)('any supernodes are ranked for anybody as Python ranks them', () => {
  const supernodes = random(60).map((pastelId, i) => supernode(pastelId, i))
  const targets = [...random(20), ...supernodes.slice(0, 5).map(({ extKey }) => parsePastelId(extKey))]
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-I', '-S', '-c', PROGRAM], {
    input: JSON.stringify([targets, supernodes.map(({ extKey }) => extKey)]),
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  const ranked = targets.map((target) => closestSupernodes(target, supernodes, 60).map(({ rank }) => rank))
  expect(ranked).toEqual(JSON.parse(stdout))
})

test('what is not listed, or has no PastelID, is passed over, and nobody comes twice', () => {
  const [first, second, third, fourth] = random(4) as [PastelId, PastelId, PastelId, PastelId]
  const list = [
    supernode(first, 1),
    supernode(first, 2),
    supernode(second, 3, 'PRE_ENABLED'),
    supernode(third, 4, 'EXPIRED'),
    supernode(third, 5, 'POSE_BAN'),
    supernode(undefined, 6),
  ]
  const found = closestSupernodes(fourth, list)
  expect(found.map(({ rank }) => rank).sort()).toEqual([1, 3])
  expect(closestSupernodes(second, list, 1)).toEqual([list[2]])
  expect(closestSupernodes(first, [])).toEqual([])
})
