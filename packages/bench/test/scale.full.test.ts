import { expect, test } from 'vitest'
import { figuresOf } from '../src/scale/figures.ts'
import { judge } from '../src/scale/judge.ts'
import { scale } from '../src/scale/scale.ts'

test('scale measures meshes that form by themselves, one that knows of more members, and the baseline', async () => {
  const { summary, isHeld } = await scale([
    ...['--nodes', '2,3', '--known', '40', '--rate', '20', '--bulk', '100'],
    // Peers that have nothing to say are asked every four seconds only: a shorter rest may see nothing.
    ...['--warmup', '0', '--idle', '6', '--seconds', '1'],
  ])
  expect(summary.missing).toBe(0)
  expect([summary.degree_2, summary.degree_3]).toEqual([1, 2])
  // A certificate has two signatures, two keys, an address and two topics.
  expect(summary.known_certificate_bytes).toBeGreaterThan(300)
  const figures = [
    'cpu_us_2',
    'bytes_2',
    'bulk_cpu_us_2',
    'rss_mb_2',
    'heap_mb_2',
    'idle_bytes_s_3',
    'known_cpu_us',
  ]
  for (const figure of [...figures, 'baseline_cpu_us_3', 'baseline_bytes_3']) {
    expect(summary[figure], figure).toBeGreaterThan(0)
  }
  expect(typeof isHeld).toBe('boolean')
}, 180_000)

test('what grows with the number of nodes is found', () => {
  const mesh = (nodes: number, { heads = 500, receipts = 0, cpuMs = 3_000 } = {}) =>
    figuresOf(`${nodes} nodes`, {
      nodes,
      degree: 4,
      maxDegree: 4,
      formMs: 1,
      formCpuMs: 1,
      formBytes: 1,
      startMs: 1,
      certificateBytes: 0,
      rest: {
        cpuPercent: 1,
        bytesPerSecond: 800,
        sentPerSecond: { '/pastel-mesh/log/1': heads, '/pastel-mesh/direct/1': receipts },
      },
      memory: { rssMb: 150, ownMb: 100, heapMb: 50 },
      single: { deliveries: 1_000, cpuMs, bytes: 600_000, duplicates: 0 },
      bulk: { deliveries: 10_000, cpuMs: 500, bytes: 5_000_000, duplicates: 0 },
      missing: 0,
    })
  const isHeld = (large: ReturnType<typeof mesh>) => judge([mesh(5), large], undefined).isHeld
  expect(isHeld(mesh(20))).toBe(true)
  expect(isHeld(mesh(20, { heads: 2_000 }))).toBe(false)
  expect(isHeld(mesh(20, { receipts: 100 }))).toBe(false)
  expect(isHeld(mesh(20, { cpuMs: 12_000 }))).toBe(false)
})
