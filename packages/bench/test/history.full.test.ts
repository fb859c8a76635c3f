import { expect, test } from 'vitest'
import { history } from '../src/history/history.ts'

test('history asks for pages by every filter, and gives figures', async () => {
  const { summary, isHeld } = await history(['--messages', '2000', '--pages', '4', '--baseline-pages', '1'])
  expect(summary.messages).toBe(2000)
  for (const figure of ['p50', 'p99', 'rare_p50', 'baseline']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
