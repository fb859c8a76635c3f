import type { LostNotice } from '@pastel-mesh/sdk-node'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { LostTally } from '../src/cli/lost-tally.ts'

const LOST = {
  kind: 'lost',
  sender: 'jXalice',
  channel: { kind: 'topic', topic: 'prices' },
  first: 5,
  last: 16,
  reason: 'denied',
} as LostNotice

function open(windowMs: number) {
  const lines: string[] = []
  const tally = new LostTally(
    { dataDir: './.pmesh', windowMs },
    { say: (kind, what) => lines.push(`${kind}: ${what}`) },
  )
  onTestFinished(() => tally.flush())
  return { lines, tally }
}

it('a burst of gaps is one line of each kind', async () => {
  const { lines, tally } = open(100)
  for (let i = 0; i < 500; i += 1) tally.add({ ...LOST, sender: `jX${i}` as LostNotice['sender'] })
  tally.add({ ...LOST, kind: 'before-history', first: 0, last: 0, reason: 'before-history' })
  expect(lines).toEqual([])
  await waitUntil(() => lines.length === 2, { what: 'the lines' })
  expect(lines).toEqual([
    'lost: 6000 messages in 500 places of jX0, jX1, jX2 and others in prices (denied): "pmesh messages" shows where',
    'before-history: 1 message of jXalice in prices (before-history): "pmesh messages" shows where',
  ])
  tally.add(LOST)
  await waitUntil(() => lines.length === 3, { what: 'the next line' })
  expect(lines[2]).toMatch(/^lost: 12 messages of jXalice in prices /)
})

it('what was not said yet is said at the end, once', () => {
  const { lines, tally } = open(3_600_000)
  tally.add(LOST)
  tally.flush()
  tally.flush()
  expect(lines).toHaveLength(1)
})
