import { describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode({ args: ['--topic', 'prices', '--network', 'trial', '--members', 'open'] })

describe('pmesh status', () => {
  it('shows what the node is doing', async () => {
    await runCli(['publish', 'prices', 'hello', '--data', node.dataDir])
    const { code, stdout, stderr } = await runCli(['status', '--data', node.dataDir])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^PastelID {7}jX\w+$/m,
      /^network {8}trial$/m,
      /^version {8}\S+, process \d+$/m,
      /^running since {2}\d{4}-\d\d-\d\dT[\d:.]+Z$/m,
      /^listening on {3}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+$/m,
      /^stored {9}1 messages$/m,
      /^published {6}1 messages in 1 batches$/m,
      /^received {7}0 messages in 0 batches$/m,
      /^dropped {8}nothing$/m,
      /^topic {10}prices \(0 peers\)$/m,
      /^peers {10}none$/m,
    ]) {
      expect(stdout).toMatch(line)
    }
  })

  it('prints one JSON document with --json', async () => {
    const { code, stdout } = await runCli(['status', '--json', '--data', node.dataDir])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      network: 'trial',
      pastelId: expect.stringMatching(/^jX/),
      pid: expect.any(Number),
      topics: [{ topic: 'prices', peers: 0 }],
      peers: [],
      store: { messages: 1 },
      counters: { published: { batches: 1, messages: 1 } },
    })
  })

  it('finds the folder by PMESH_DATA, or takes ./.pmesh', async () => {
    expect((await runCli(['status'], { env: { PMESH_DATA: node.dataDir } })).code).toBe(0)
    const { stderr } = await runCli(['status'], { cwd: node.dataDir })
    expect(stderr).toContain('there is no data folder ./.pmesh')
  })
})
