import { expect, test } from 'vitest'
import { catchup } from '../src/catchup/catchup.ts'

test('catchup brings what a node missed, and gives figures for all sizes of batches', async () => {
  const { summary, isHeld } = await catchup(['--runs', '1', '--messages', '600', '--single-messages', '40'])
  expect(summary.messages).toBe(600)
  for (const figure of ['batches_512', 'batches_64', 'single', 'baseline_64', 'baseline_single', 'rss_mb']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(summary.held_batches).toBe(0)
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
