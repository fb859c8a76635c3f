import { beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()

beforeAll(async () => {
  await runCli(['publish', 'prices', '--data', node.dataDir], { input: 'a\nb\n' })
  await runCli(['publish', 'other', 'c', '--data', node.dataDir])
})

describe('pmesh stats', () => {
  it('shows what was taken in, by whom for whom, and what is stored', async () => {
    const { code, stdout, stderr } = await runCli(['stats', '--data', node.dataDir])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^ +messages {2}batches {2}bytes$/m,
      /^stored now +3 +\d +\d+$/m,
      /^taken in, ever +3 +\d +\d+$/m,
      /^jX\w+ to prices +2 +\d +\d+$/m,
      /^jX\w+ to other +1 +1 +\d+$/m,
    ]) {
      expect(stdout).toMatch(line)
    }
  })

  it('by receiver, as few as wanted, and says that there are more', async () => {
    const { stdout } = await runCli(['stats', '--by', 'receiver', '--limit', '1', '--data', node.dataDir])
    expect(stdout).toMatch(/^prices +2 +\d +\d+$/m)
    expect(stdout).not.toMatch(/^other/m)
    expect(stdout).toContain('the 1 with most messages of 2: see --limit')
  })

  it('prints one JSON document with --json', async () => {
    const { stdout } = await runCli(['stats', '--by', 'receiver', '--json', '--data', node.dataDir])
    expect(JSON.parse(stdout)).toMatchObject({
      taken: { messages: 3 },
      stored: { messages: 3, floor: 0, end: 3 },
      counts: [
        { topic: 'prices', messages: 2 },
        { topic: 'other', messages: 1 },
      ],
      size: 2,
    })
  })
})
