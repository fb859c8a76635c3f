import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLocalSigner, generateSeed } from '../src/index.ts'
import { decodeKeyContainer } from '../src/key-container.ts'
import { PROPERTY_RUNS } from './property-runs.ts'
import { codeOf, quickKeyFile, readQuickly, seed } from './quick-key-file.ts'

const bytes = await quickKeyFile()
const withLegRoast = await quickKeyFile({ pkey_legroast: new Uint8Array(16).fill(7) })

/** Where something lies in a file. */
function span(file: Uint8Array, part: Uint8Array): { from: number; to: number } {
  const from = Buffer.from(file).indexOf(part)
  expect(from).toBeGreaterThan(0)
  return { from, to: from + part.length }
}

function flipped(file: Uint8Array, at: number, mask: number): Uint8Array {
  const changed = file.slice()
  changed[at] = (changed[at] as number) ^ mask
  return changed
}

/** Codes of what reading gives with each byte of a span changed; `undefined` stands for the right seed. */
async function codesOf(
  file: Uint8Array,
  { from, to }: { from: number; to: number },
  masks = [1, 0x80, 0xff],
) {
  const codes = new Set<string | undefined>()
  for (let at = from; at < to; at += 1) {
    for (const mask of masks) {
      const result = await readQuickly(flipped(file, at, mask))
      if (result instanceof Uint8Array) expect(result).toEqual(seed)
      codes.add(codeOf(result))
    }
  }
  return [...codes]
}

describe('with a byte changed', () => {
  const [item] = decodeKeyContainer(bytes, 'key').secureItems
  if (item === undefined) throw new Error('there is no item')
  const nonce = span(bytes, item.nonce)
  const data = span(bytes, item.data)
  const encryption = span(bytes, Buffer.from('xchacha20-poly1305'))
  const timestamp = span(bytes, Buffer.from([0xce, 0x65, 0x53, 0xf1, 0x00]))

  test('at its very start a file is none of Pastel', async () => {
    expect(await codesOf(bytes, { from: 0, to: 21 })).toEqual(['ERR_KEY_FILE_FOREIGN'])
  })

  test('up to the end of its public part it is damaged', async () => {
    const end = span(bytes, Buffer.from('timestamp')).from
    // One byte before it: the version, and what is before that the map and its key.
    expect(await codesOf(bytes, { from: 21, to: end - 1 })).toEqual(['ERR_KEY_FILE_DAMAGED'])
  })

  test('in its ciphertext it is damaged, not under another passphrase', async () => {
    expect(await codesOf(bytes, data)).toEqual(['ERR_KEY_FILE_DAMAGED'])
  })

  test('in the check of its key it is damaged', async () => {
    expect(await codesOf(bytes, { from: nonce.from + 16, to: nonce.to })).toEqual(['ERR_KEY_FILE_DAMAGED'])
  })

  test('in its salt it looks like another passphrase, which the message says', async () => {
    expect(await codesOf(bytes, { from: nonce.from, to: nonce.from + 16 })).toEqual([
      'ERR_KEY_FILE_PASSPHRASE',
    ])
    expect(await readQuickly(flipped(bytes, nonce.from, 1))).toMatchObject({
      message: expect.stringContaining('damaged salt'),
    })
  })

  test('in its timestamp, which nothing protects, it still opens', async () => {
    expect(await codesOf(bytes, { from: timestamp.from + 1, to: timestamp.to })).toEqual([undefined])
  })

  test('anywhere in the names of its secure part it is damaged', async () => {
    expect(await codesOf(bytes, encryption)).toEqual(['ERR_KEY_FILE_DAMAGED'])
    expect(await codesOf(bytes, { from: encryption.to, to: nonce.from - 2 })).toEqual([
      'ERR_KEY_FILE_DAMAGED',
    ])
  })

  test('anywhere, a file never gives another key, and never fails in another way', async () => {
    const masks = Array.from({ length: 8 }, (_, bit) => 1 << bit)
    const codes = await codesOf(bytes, { from: 0, to: bytes.length }, masks)
    expect(new Set(codes)).toEqual(
      new Set([undefined, 'ERR_KEY_FILE_FOREIGN', 'ERR_KEY_FILE_DAMAGED', 'ERR_KEY_FILE_PASSPHRASE']),
    )
  })
})

test('a file of the core is known as damaged when its other secret opens', async () => {
  const { secureItems } = decodeKeyContainer(withLegRoast, 'key')
  for (const part of [secureItems[0]?.nonce, secureItems[0]?.data]) {
    // The salt as well: nothing but the other secret can tell.
    expect(await codesOf(withLegRoast, span(withLegRoast, part as Uint8Array), [1])).toEqual([
      'ERR_KEY_FILE_DAMAGED',
    ])
  }
})

test('a file that was cut short is damaged', async () => {
  for (let end = 0; end < bytes.length; end += 1) {
    if (end === 0) continue
    expect(codeOf(await readQuickly(bytes.subarray(0, end)))).toBe('ERR_KEY_FILE_DAMAGED')
  }
})

test('a file with something behind it is damaged', async () => {
  expect(codeOf(await readQuickly(Buffer.concat([bytes, Buffer.of(0)])))).toBe('ERR_KEY_FILE_DAMAGED')
})

test('a wrong passphrase is not taken for damage', async () => {
  for (const passphrase of ['wrong', 'Right', 'right ', '']) {
    expect(codeOf(await readQuickly(bytes, { passphrase }))).toBe('ERR_KEY_FILE_PASSPHRASE')
    expect(codeOf(await readQuickly(withLegRoast, { passphrase }))).toBe('ERR_KEY_FILE_PASSPHRASE')
  }
})

test('under the name of its PastelID it opens, under that of another it has the wrong name', async () => {
  const own = createLocalSigner(seed).pastelId
  const other = createLocalSigner(generateSeed()).pastelId
  expect(await readQuickly(bytes, { path: `/keys/${own}` })).toEqual(seed)
  expect(await readQuickly(bytes, { path: `/keys/${other}` })).toMatchObject({
    code: 'ERR_KEY_FILE_NAME',
    message: expect.stringContaining(own),
  })
  // Not a PastelID, so it says nothing.
  expect(await readQuickly(bytes, { path: `/keys/${other}x` })).toEqual(seed)
})

test('any bytes are refused with an error of its own code', async () => {
  const secureAt = 21 + 8 + 32 + Number(Buffer.from(bytes).readBigUInt64BE(21))
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([bytes.subarray(0, 21), rest])),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([bytes.subarray(0, secureAt), rest])),
    fc
      .tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, other]) => Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at + other.length)])),
  )
  await fc.assert(
    fc.asyncProperty(input, async (changed) => {
      const result = await readQuickly(changed)
      if (result instanceof Uint8Array) expect(result).toEqual(seed)
      else expect(result.code).toMatch(/^ERR_KEY_FILE_(DAMAGED|FOREIGN|PASSPHRASE)$/)
    }),
    { numRuns: PROPERTY_RUNS },
  )
})
