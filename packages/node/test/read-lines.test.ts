import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLines } from '../src/cli/read-lines.ts'

/** The lines of bytes that come in pieces of some sizes. */
async function linesOf(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
  maxBytes = 1_000,
): Promise<string[]> {
  const pieces = (async function* () {
    let at = 0
    for (const size of sizes) {
      yield bytes.subarray(at, at + size)
      at += size
    }
    yield bytes.subarray(at)
  })()
  const lines: string[] = []
  for await (const line of readLines(pieces, maxBytes)) lines.push(line)
  return lines
}

describe('the lines of an input', () => {
  it('are the same in whatever pieces the input comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text) && text.isWellFormed()),
        ),
        fc.array(fc.integer({ min: 0, max: 5 })),
        fc.constantFrom('\n', '\r\n'),
        async (lines, sizes, end) => {
          const bytes = Buffer.from(lines.map((line) => line + end).join(''))
          expect(await linesOf(bytes, sizes)).toEqual(lines)
        },
      ),
    )
  })

  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n\nb', ['a', '', 'b']],
    ['a\rb\r\nc', ['a\rb', 'c']],
    ['a\u2028b\u2029c\u0085d\u000be\n', ['a\u2028b\u2029c\u0085d\u000be']],
    ['\ufeffa\n', ['\ufeffa']],
  ])('of %j are %j', async (text, lines) => {
    expect(await linesOf(Buffer.from(text))).toEqual(lines)
  })

  it('have a length limit in bytes, which the end of the line is no part of', async () => {
    expect(await linesOf(Buffer.from('ab\r\nüx\n'), [], 3)).toEqual(['ab', 'üx'])
    for (const text of ['a\nüxx\n', 'a\nüxx\r\n', 'a\nüxx', `a\n${'x'.repeat(100)}`]) {
      await expect(linesOf(Buffer.from(text), [1, 1, 1, 1], 3)).rejects.toMatchObject({
        code: 'ERR_LINE',
        message: 'line 2 of the input is longer than 3 bytes',
      })
    }
  })

  it('are not gathered without end', async () => {
    let pieces = 0
    const endless = (async function* () {
      for (;;) {
        pieces += 1
        yield Buffer.alloc(100, 'x')
      }
    })()
    await expect(readLines(endless, 1_000).next()).rejects.toThrow(/longer than 1000 bytes/)
    expect(pieces).toBe(11)
  })

  it('are refused if they are not UTF-8', async () => {
    await expect(linesOf(Buffer.of(0x61, 0x0a, 0xc3, 0x0a))).rejects.toMatchObject({
      code: 'ERR_LINE',
      message: 'line 2 of the input is not UTF-8 text',
    })
  })
})
