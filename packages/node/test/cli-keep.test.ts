import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'

describe('pmesh start takes what is kept, and how much history is wanted,', () => {
  it('as durations and sizes', async () => {
    const node = await startNode({
      args: ['--sync-history', '1w', '--retention-max-age', '90d', '--retention-max-size', '512MiB'],
    })
    onTestFinished(() => node.remove())
    expect(node.output()).toMatch(/ready$/m)
  })

  it('and says of all that are wrong what is needed', async () => {
    const { code, stderr } = await runCli([
      ...['start', '--data', '/nowhere', '--sync-history=0s', '--retention-max-age=7'],
      ...['--retention-interval=36501d', '--retention-max-size=much'],
    ])
    expect(code).toBe(1)
    expect(stderr.split('\n')).toEqual([
      'pmesh: the configuration is wrong in 4 places (ERR_CONFIG)',
      '  sync.history "0s" (--sync-history): must be longer than nothing',
      '  retention.maxAge "7" (--retention-max-age): not a duration: add a unit: 7s, or ms, m, h, d, w',
      '  retention.maxSize "much" (--retention-max-size): not a size: use 64KiB, 10MB, 1.5GiB, or a number of bytes',
      '  retention.interval "36501d" (--retention-interval): must not be longer than 24d',
      '',
    ])
  })
})
