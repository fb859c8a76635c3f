import { expect, test } from 'vitest'
import { queue } from '../src/queue/queue.ts'
import { missingFor } from '../src/queue/servers.ts'

const IN_FLIGHT = [16, 64, 256]
const KEYS = ['level', 'redis_everysec', 'redis_always', 'postgresql']
const servers = { level: undefined, redis_everysec: 'redis', redis_always: 'redis', postgresql: 'postgresql' }

test('queue adds and processes every job, and gives figures for whoever is there', async () => {
  const { summary } = await queue(['--runs', '1', '--jobs', '100', '--only', KEYS.join(',')])
  for (const key of KEYS) {
    const server = servers[key as keyof typeof servers] as 'redis' | 'postgresql' | undefined
    const isThere = server === undefined || missingFor(server) === undefined
    for (const inFlight of IN_FLIGHT) {
      const figure = summary[`${key}_${inFlight}`]
      if (isThere) expect(figure, `${key}_${inFlight}`).toBeGreaterThan(0)
      else expect(figure).toBeUndefined()
    }
  }
  expect(summary.ours).toBe(summary.level_64)
  const { ours, baseline, ratio } = summary as Record<string, number | undefined>
  if (ours !== undefined && baseline !== undefined) expect(ratio).toBeCloseTo(ours / baseline, 1)
  else expect(ratio).toBeUndefined()
}, 180_000)

test('queue measures nothing but what is asked for, and holds no budget without a comparison', async () => {
  const { summary, isHeld } = await queue(['--runs', '1', '--jobs', '100', '--only', 'level'])
  expect(summary.level_16).toBeGreaterThan(0)
  expect(summary).not.toHaveProperty('redis_everysec_16')
  expect(isHeld).toBe(false)
  await expect(queue(['--only', 'leveldb'])).rejects.toThrow('--only leveldb: give level,')
}, 60_000)
