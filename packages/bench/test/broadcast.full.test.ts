import { expect, test } from 'vitest'
import { broadcast } from '../src/broadcast/broadcast.ts'

test('broadcast brings every message to the receiver, and gives figures for all variants', async () => {
  const { summary, isHeld } = await broadcast([
    '--runs',
    '1',
    '--messages',
    '600',
    '--baseline-messages',
    '40',
  ])
  expect(summary.messages).toBe(600)
  for (const figure of ['ours', 'baseline', 'ratio', 'strict_sign', 'rss_mb']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
