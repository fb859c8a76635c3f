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
      /^Node\n {2}PastelID {7}jX\w+$/m,
      /^ {2}network {8}trial$/m,
      /^ {2}version {8}\S+, process \d+$/m,
      /^ {2}running since {2}\d{4}-\d\d-\d\dT[\d:.]+Z \(\d+ (s|min) ago\)$/m,
      /^ {2}listening on {3}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+$/m,
      /^ {2}known nodes {4}0$/m,
      /^Storage\n {2}stored {4}1 message, \d+ bytes$/m,
      /^Traffic\n {2}published {2}1 message in 1 batch$/m,
      /^ {2}received {3}0 messages in 0 batches$/m,
      /^ {2}dropped {4}nothing$/m,
      /^Topics\n {2}prices {2}0 peers$/m,
      /^Peers\n {2}none$/m,
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

  it('is coloured where colours are wanted', async () => {
    const { stdout } = await runCli(['status', '--data', node.dataDir], { env: { FORCE_COLOR: '1' } })
    expect(stdout).toContain('\u001b[1mNode\u001b[22m\n')
    const plain = await runCli(['status', '--data', node.dataDir], { env: { NO_COLOR: '1' } })
    expect(plain.stdout).not.toContain('\u001b')
  })

  it('finds the folder by PMESH_DATA, or takes ./.pmesh', async () => {
    expect((await runCli(['status'], { env: { PMESH_DATA: node.dataDir } })).code).toBe(0)
    const { stderr } = await runCli(['status'], { cwd: node.dataDir })
    expect(stderr).toContain('there is no data folder ./.pmesh')
  })
})
