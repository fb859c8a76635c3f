import { beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()

beforeAll(async () => {
  await runCli(['publish', 'prices', '--lines', '--data', node.dataDir], { input: 'a\nb\n' })
  await runCli(['publish', 'other', 'c', '--data', node.dataDir])
})

describe('pmesh stats', () => {
  it('shows what was taken in, by whom for whom, and what is stored', async () => {
    const { code, stdout, stderr } = await runCli(['stats', '--data', node.dataDir])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^MESSAGES {2}BATCHES +SIZE {2}OF$/m,
      /^ +3 +\d +\d+(\.\d KiB| bytes) {2}stored now$/m,
      /^ +3 +\d +\d+(\.\d KiB| bytes) {2}taken in, ever$/m,
      /^ +2 +\d +\d+ bytes {2}jX\w{84} to prices$/m,
      /^ +1 +1 +\d+ bytes {2}jX\w{84} to other$/m,
    ]) {
      expect(stdout).toMatch(line)
    }
  })

  it('by receiver, as few as wanted, and says that there are more', async () => {
    const { stdout } = await runCli(['stats', '--by', 'receiver', '--limit', '1', '--data', node.dataDir])
    expect(stdout).toMatch(/^ +2 +\d +\d+ bytes {2}prices$/m)
    expect(stdout).not.toMatch(/other$/m)
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
