import { describe, expect, test } from 'vitest'
import { liveBytes, liveBytesBelow } from './collect-garbage.ts'
import { type BadInput, DECODERS, type DecoderName, formatBytes, readCorpus } from './corpus.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'

const names = Object.keys(DECODERS) as DecoderName[]

/** What decoding bad input again and again may leave behind: far less than what was decoded. */
const MAX_GROWTH_BYTES = 32 * 1024 * 1024
const REPEATS = process.env.PMESH_TEST_FULL === undefined ? 20 : 200

describe.each(names)('%s', (decoder) => {
  const corpus = readCorpus(decoder)

  test('has its bad input written down', () => {
    expect(corpus.length).toBeGreaterThan(30)
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
    expect(new Set(corpus.map(({ bytes }) => hex(bytes))).size).toBe(corpus.length)
  })

  test.each(corpus)('refuses $name: $error', async ({ bytes, error }) => {
    await expectProtocolError(() => DECODERS[decoder](bytes), error)
  })

  test('keeps nothing of what it refuses', async () => {
    await refuseAll(decoder, corpus)
    const maxBytes = (await liveBytes()) + MAX_GROWTH_BYTES
    for (let i = 0; i < REPEATS; i += 1) await refuseAll(decoder, corpus)
    expect(await liveBytesBelow(maxBytes)).toBeLessThan(maxBytes)
  }, 60_000)
})

test('no bad input makes a decoder allocate more than what it may hold', async () => {
  // Beside the content: what the decompressor keeps for itself, and the error.
  const maxBytes = 4 * 1024 * 1024
  const bombs = readCorpus('compressed-payload').filter(({ name }) => name.startsWith('a bomb'))
  expect(bombs.length).toBeGreaterThan(6)
  for (const { name, bytes } of bombs) {
    const before = process.memoryUsage().arrayBuffers
    await expectProtocolError(() => DECODERS['compressed-payload'](bytes))
    expect(process.memoryUsage().arrayBuffers - before, name).toBeLessThan(maxBytes)
  }
})

test('bytes are written down so that they can be read again', () => {
  const run = Buffer.alloc(100, Buffer.from('0a00', 'hex'))
  expect(formatBytes(Buffer.concat([Buffer.of(1, 2), run, Buffer.of(3)]))).toBe('0102 0a00*50 03')
  expect(formatBytes(Buffer.of(1, 2, 3))).toBe('010203')
})

/** Without `expect`, which keeps something of each of its calls until the test is over. */
async function refuseAll(decoder: DecoderName, corpus: readonly BadInput[]): Promise<void> {
  for (const { name, bytes } of corpus) {
    const refused = await Promise.resolve()
      .then((): unknown => DECODERS[decoder](bytes))
      .then(
        () => false,
        () => true,
      )
    if (!refused) throw new Error(`${name} was not refused`)
  }
}
