import { expect, test } from 'vitest'
import { start } from '../src/start/start.ts'

test('start finds the history that was prepared, and gives a figure for each', async () => {
  const { summary, isHeld } = await start(['--runs', '1', '--messages', '300', '--size', '32'])
  expect(summary.messages).toBe(300)
  for (const figure of ['ready_ms', 'ready_single_ms', 'baseline']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
