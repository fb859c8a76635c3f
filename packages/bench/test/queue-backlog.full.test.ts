import { expect, test } from 'vitest'
import { queueBacklog } from '../src/queue-backlog/queue-backlog.ts'

test('queue-backlog does every job that waited, and gives a figure for each', async () => {
  const { summary, isHeld } = await queueBacklog(['--runs', '1', '--jobs', '3000', '--size', '64'])
  expect(summary.jobs).toBe(3000)
  for (const figure of ['ours', 'baseline', 'fill', 'open_ms', 'first_ms', 'rss_mb', 'open_rss_mb']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(typeof isHeld).toBe('boolean')
}, 60_000)
