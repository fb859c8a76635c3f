import { expect, test } from 'vitest'
import { flatnessOf } from '../src/soak/flatness.ts'
import { soak } from '../src/soak/soak.ts'

test('soak tells memory and files of both ends after each tenth, and keeps no more than it is told', async () => {
  const { summary, isHeld } = await soak([
    ...['--messages', '4000', '--kept-messages', '1000', '--single-messages', '20', '--keep-mb', '1'],
  ])
  for (const figure of ['kept', 'newest', 'single'].flatMap((name) => [
    `${name}_rss_mb`,
    `${name}_heap_mb`,
  ])) {
    expect(summary[figure], figure).toBeGreaterThan(20)
  }
  // A body of 256 bytes, and what stands around it.
  expect(summary.kept_file_bytes_message).toBeGreaterThan(256)
  // A megabyte is some 3,500 messages.
  expect(summary.newest_stored).toBeLessThan(4_000)
  expect(typeof isHeld).toBe('boolean')
}, 180_000)

test('growth from the third tenth on is found, at either end', () => {
  const state = (mb: number, files: number, messages: number) => ({
    memory: { rssMb: mb + 50, ownMb: mb, heapMb: 50 },
    fileBytes: files,
    storedMessages: messages,
  })
  const tenths = Array.from({ length: 10 }, (_, i) => ({
    messages: i + 1,
    perSecond: 1,
    publisher: state(100, 300 * (i + 1), i + 1),
    receiver: state(100 + 10 * i, 1_000, 1_000),
  }))
  const flatness = flatnessOf(tenths)
  // The receiver had 120 MB after the third tenth and has 190.
  expect(flatness.ownGrowth).toBe(1.58)
  expect(flatness.heapGrowth).toBe(1)
  // The publisher keeps everything: ten times 300 bytes after five times.
  expect(flatness.fileGrowth).toBe(2)
  expect(flatness.bytesPerMessage).toBe(300)
  expect(flatness.fileGrowthPerMessage).toBe(1)
})

test('files that go up and down, no higher later than before, are flat; those that go higher are not', () => {
  const tenths = (files: readonly number[]) =>
    files.map((fileBytes, i) => {
      const state = { memory: { rssMb: fileBytes, ownMb: 100, heapMb: 50 }, fileBytes, storedMessages: 1 }
      return { messages: i + 1, perSecond: 1, publisher: state, receiver: state }
    })
  const flat = flatnessOf(tenths([30, 90, 45, 115, 57, 41, 50, 53, 34, 108]))
  expect([flat.fileGrowth, flat.rssGrowth]).toEqual([0.94, 0.94])
  expect(flatnessOf(tenths([30, 90, 45, 115, 57, 41, 50, 53, 34, 161])).fileGrowth).toBe(1.4)
})
