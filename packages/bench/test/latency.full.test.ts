import { expect, test } from 'vitest'
import { latency } from '../src/latency/latency.ts'

test('latency shows every message at every other node, and gives figures for both variants', async () => {
  const { summary, isHeld } = await latency([
    ...['--runs', '1', '--nodes', '3', '--rate', '30'],
    ...['--seconds', '1', '--warmup', '0.2'],
  ])
  expect(summary.missing).toBe(0)
  // Three nodes publish some 30 messages, each of which two others show.
  expect(summary.samples).toBeGreaterThan(20)
  for (const figure of ['p50', 'p99', 'accepted_p50', 'cpu_percent', 'baseline_p50', 'baseline_p99']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(summary.p99).toBeGreaterThanOrEqual(summary.p50 as number)
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
