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

const ID = 'jX\\w{84}'

describe('pmesh stats --table', () => {
  const exported = async (table: string, ...args: string[]) => {
    const { code, stdout, stderr } = await runCli([
      'stats',
      '--table',
      table,
      ...args,
      '--data',
      node.dataDir,
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }

  it('gives totals as Pastel has them', async () => {
    expect(await exported('message_metadata', '--csv')).toBe(
      'total_messages,total_senders,total_receivers\r\n3,1,2\r\n',
    )
    expect(JSON.parse(await exported('message_metadata'))).toEqual([
      { total_messages: 3, total_senders: 1, total_receivers: 2 },
    ])
  })

  it('gives senders, receivers and pairs as Pastel has them', async () => {
    expect(await exported('message_sender_metadata', '--csv')).toMatch(
      new RegExp(
        `^sending_sn_pastelid,sending_sn_txid_vout,sending_sn_pubkey,total_messages_sent,total_data_sent_bytes\r\n${ID},,,3,\\d+\r\n$`,
      ),
    )
    expect(await exported('message_receiver_metadata', '--csv')).toMatch(
      /^receiving_sn_pastelid,receiving_sn_txid_vout,total_messages_received,total_data_received_bytes,topic\r\n,,2,\d+,prices\r\n,,1,\d+,other\r\n$/,
    )
    expect(JSON.parse(await exported('message_sender_receiver_metadata', '--json'))).toMatchObject([
      {
        sending_sn_pastelid: expect.stringMatching(ID),
        receiving_sn_pastelid: '',
        total_messages: 2,
        topic: 'prices',
      },
      {
        sending_sn_pastelid: expect.stringMatching(ID),
        receiving_sn_pastelid: '',
        total_messages: 1,
        topic: 'other',
      },
    ])
  })

  it('says that --csv needs to know which', async () => {
    const { code, stderr } = await runCli(['stats', '--csv', '--data', node.dataDir])
    expect(code).toBe(1)
    expect(stderr).toContain('--csv needs --table, one of message_metadata, message_sender_metadata')
  })
})
