import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BOMBS } from './fixtures/frames.ts'

const CHILD = fileURLToPath(new URL('./fixtures/decode-child.ts', import.meta.url))

/** What is read at most, some times: in pieces, put together, and what the decompressor keeps at hand. */
const MAX_GROWTH_KIB = 32 * 1024

/** In a process of its own, whose memory nobody else takes. */
function decodeInChild(inputs: readonly string[]): { codes: string[]; grownKiB: number } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--conditions=source', CHILD], {
    input: JSON.stringify(inputs),
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

test.each(BOMBS)(
  '32 KiB that are 1 GiB take no more memory than 2 MiB: a frame that says $says',
  ({ text, code }) => {
    expect(text.length).toBeLessThan(44 * 1024)
    const { codes, grownKiB } = decodeInChild([text])
    expect(codes).toEqual([code])
    expect(grownKiB).toBeLessThan(MAX_GROWTH_KIB)
  },
)

test('nor do they one after the other', () => {
  const bombs = Array.from({ length: 40 }, () => BOMBS).flat()
  const { codes, grownKiB } = decodeInChild(bombs.map(({ text }) => text))
  expect(codes.join()).toBe(bombs.map(({ code }) => code).join())
  expect(grownKiB).toBeLessThan(2 * MAX_GROWTH_KIB)
})
