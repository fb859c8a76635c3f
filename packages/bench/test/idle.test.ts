import { expect, test } from 'vitest'
import { idle } from '../src/idle/idle.ts'

test('idle measures a node with as many peers as were asked for, and one without', async () => {
  const { summary, isHeld } = await idle(['--runs', '1', '--peers', '3', '--seconds', '1'])
  expect(summary.peers).toBe(3)
  expect(summary.rss_mb).toBeGreaterThan(30)
  expect(summary.baseline).toBeGreaterThan(30)
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
