import { expect, it } from 'vitest'
import { readTable, type StatisticsApi } from '../src/cli/export-stats.ts'

const NONE = { messages: 0, batches: 0, bytes: 0 }

/** A node with so many counters, of which one more begins after each page. */
function nodeWith(size: number, others = NONE): StatisticsApi {
  let grown = size
  const list = ({ offset = 0, limit = 100 }: { offset?: number; limit?: number }) => {
    const end = Math.min(offset + limit, grown)
    const counts = Array.from({ length: end - offset }, (_, index) => ({
      topic: `t${offset + index}`,
      messages: 1,
      batches: 1,
      bytes: 10,
    }))
    grown += 1
    return Promise.resolve({ counts, size: grown, others })
  }
  return { service: { statistics: { list: { query: list } } } } as unknown as StatisticsApi
}

it('gives every counter, however many pages they are', async () => {
  const rows = await readTable(nodeWith(2_500), 'message_receiver_metadata')
  expect(rows.length).toBeGreaterThanOrEqual(2_500)
  expect(new Set(rows.map(({ topic }) => topic)).size).toBe(rows.length)
})

it('gives what has no counter of its own as of nobody', async () => {
  const rows = await readTable(
    nodeWith(1, { messages: 7, batches: 2, bytes: 70 }),
    'message_receiver_metadata',
  )
  expect(rows).toEqual([
    {
      receiving_sn_pastelid: '',
      receiving_sn_txid_vout: '',
      total_messages_received: 1,
      total_data_received_bytes: 10,
      topic: 't0',
    },
    {
      receiving_sn_pastelid: '',
      receiving_sn_txid_vout: '',
      total_messages_received: 7,
      total_data_received_bytes: 70,
      topic: '',
    },
  ])
})

it('has the outpoint and the public key of who is a supernode', async () => {
  const list = async () => ({
    counts: [{ sender: 'jXa', messages: 1, batches: 1, bytes: 10 }],
    size: 1,
    others: NONE,
  })
  const api = { service: { statistics: { list: { query: list } } } } as unknown as StatisticsApi
  const other = { pastelId: 'jXa', outpoint: 'old-1', publicKey: '04cc', isFirst: false }
  const supernodes = [other, { pastelId: 'jXa', outpoint: 'abc-0', publicKey: '04ab', isFirst: true }, other]
  expect(await readTable(api, 'message_sender_metadata', supernodes)).toMatchObject([
    { sending_sn_pastelid: 'jXa', sending_sn_txid_vout: 'abc-0', sending_sn_pubkey: '04ab' },
  ])
})
