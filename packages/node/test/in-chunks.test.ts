import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inChunks } from '../src/in-chunks.ts'

const MANY = { maxCount: 1_000, maxBytes: 1_000_000 }

async function chunksOf(
  source: Iterable<string> | AsyncIterable<string>,
  limits = MANY,
): Promise<string[][]> {
  const chunks: string[][] = []
  for await (const chunk of inChunks(source, limits)) chunks.push(chunk)
  return chunks
}

describe('texts in chunks', () => {
  it('come all, in order, within the limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 50 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 100 }),
        async (texts, maxCount, maxBytes) => {
          const chunks = await chunksOf(texts, { maxCount, maxBytes })
          expect(chunks.flat()).toEqual(texts)
          for (const chunk of chunks) {
            expect(chunk.length).toBeGreaterThan(0)
            expect(chunk.length).toBeLessThanOrEqual(maxCount)
            // As the elements of a JSON array, except for one that is too large by itself.
            if (chunk.length > 1) expect(JSON.stringify(chunk).length - 2).toBeLessThanOrEqual(maxBytes)
          }
        },
      ),
    )
  })

  it('are whatever came while the chunk before was dealt with', async () => {
    let give: (text: string) => void = () => {}
    const source = (async function* () {
      for (;;) {
        const text = await new Promise<string>((resolve) => {
          give = resolve
        })
        if (text === 'end') return
        yield* text.split(' ')
      }
    })()
    const chunks = inChunks(source, MANY)
    const first = chunks.next()
    give('one')
    expect((await first).value).toEqual(['one'])
    give('two three four')
    // All that waits gets its turn before the caller is back.
    await new Promise((resolve) => setImmediate(resolve))
    expect((await chunks.next()).value).toEqual(['two', 'three', 'four'])
    const last = chunks.next()
    give('end')
    expect((await last).done).toBe(true)
  })

  it('that came before the source failed come before its error', async () => {
    const failing = (function* () {
      yield 'one'
      yield 'two'
      throw new Error('broken')
    })()
    const chunks: string[][] = []
    const reading = (async () => {
      for await (const chunk of inChunks(failing, MANY)) chunks.push(chunk)
    })()
    await expect(reading).rejects.toThrow('broken')
    expect(chunks.flat()).toEqual(['one', 'two'])
  })

  it('are read no further than a chunk ahead, and not at all when nobody wants them any more', async () => {
    let read = 0
    let closed = false
    const endless = (function* () {
      try {
        for (;;) {
          read += 1
          yield `${read}`
        }
      } finally {
        closed = true
      }
    })()
    for await (const chunk of inChunks(endless, { maxCount: 5, maxBytes: 1_000 })) {
      await new Promise((resolve) => setImmediate(resolve))
      expect(read - Number(chunk.at(-1))).toBeLessThanOrEqual(5)
      if (chunk.includes('5')) break
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toBe(true)
  })
})
