import { describe, expect, test } from 'vitest'
import { encodePastelId } from '../src/index.ts'
import { formatKeyFile, parseKeyFile } from '../src/key-file-format.ts'

function withCost(cost: { N: number; r: number; p: number }) {
  return formatKeyFile({
    pastelId: encodePastelId(new Uint8Array(57)),
    kdf: { ...cost, salt: new Uint8Array(32) },
    keyCheck: new Uint8Array(16),
    nonce: new Uint8Array(12),
    data: new Uint8Array(73),
  })
}

describe('a hostile file cannot choose', () => {
  test.each([
    ['gigabytes through N', { N: 2 ** 24, r: 8, p: 1 }],
    ['just over the limit through N', { N: 2 ** 19, r: 8, p: 1 }],
    ['gigabytes through r', { N: 2 ** 17, r: 1024, p: 1 }],
    ['a product that is no exact number', { N: 2 ** 52, r: 2 ** 52, p: 1 }],
    ['minutes through p', { N: 2 ** 17, r: 8, p: 1000 }],
    ['an N that is no power of two', { N: 2 ** 17 - 1, r: 8, p: 1 }],
    ['an N that protects nothing', { N: 2, r: 8, p: 1 }],
    ['no work at all', { N: 0, r: 0, p: 0 }],
    ['a negative r', { N: 2 ** 17, r: -8, p: 1 }],
    ['half a p', { N: 2 ** 17, r: 8, p: 0.5 }],
  ])('%s', (_what, cost) => {
    expect(() => parseKeyFile(withCost(cost), 'node.key.json')).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_FILE_DAMAGED', message: expect.stringContaining('scrypt') }),
    )
  })
})

test.each([
  { N: 2 ** 14, r: 8, p: 1 },
  { N: 2 ** 17, r: 8, p: 1 },
  { N: 2 ** 18, r: 8, p: 4 },
])('the cost %j is read', (cost) => {
  expect(parseKeyFile(withCost(cost), 'node.key.json').kdf).toMatchObject(cost)
})
