import { lpStream } from '@libp2p/utils'
import {
  type CertifiedReceipt,
  decodeDirectRequest,
  encodeDirectRequest,
  encodeDirectResponse,
  generateSealingKey,
  openBatch,
  parseMessageId,
  readReceipt,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { ReceiptMaker } from '../src/direct/receipt-maker.ts'
import { NETWORK } from './fixtures/inbound.ts'
import { startNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const DIRECT = '/pastel-mesh/direct/1'
/** More than a frame holds with certificates of the largest size. */
const COUNT = 40

/** Somebody with a large certificate, and what makes receipts of that. */
async function startPeer(identity: string) {
  const topics = Array.from({ length: 256 }, (_, i) => `${i}`.padStart(100, 'x'))
  const peer = await ProtocolPeer.start(identity, topics)
  peer.sealingKey = (await generateSealingKey()).publicKey
  const certificate = await peer.makeCertificate()
  const subject = seededSigner(identity).publicKey
  const maker = new ReceiptMaker(
    { network: NETWORK },
    { subject, nodeKey: peer.nodeKey, certificate: () => certificate, storeId: () => new Uint8Array(16) },
  )
  return { peer, maker, certificate }
}

test('a mailbox that comes back is told of every receipt, in as many frames as that takes', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startPeer('bob')
  expect(bob.certificate.length * COUNT).toBeGreaterThan(2 ** 20)
  const first = await bob.peer.join(alice.address)
  await waitUntil(() => alice.node.knownNodes().length === 1, { what: 'the key of bob to be known' })
  await first.close()
  const carol = await startPeer('carol')
  const told: CertifiedReceipt[] = []
  await carol.peer.handle(DIRECT, async (stream) => {
    const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
    for (;;) {
      const request = decodeDirectRequest((await frames.read()).subarray())
      if (request.kind === 'receipts') told.push(...request.receipts)
      const batches = request.kind === 'deposit' ? request.batches.map((envelope) => openBatch(envelope)) : []
      const ranges = batches.map(({ log, batch: { first, count } }) => {
        return { log, first, last: first + count - 1, outcome: 'entered', reason: '' } as const
      })
      const receipts = await carol.maker.make(ranges)
      await frames.write(encodeDirectResponse({ id: request.id, receipts, refused: [], error: '' }))
    }
  })
  const connection = await carol.peer.join(alice.address)
  await waitUntil(() => alice.node.peers().length === 1, { what: 'the mailbox to be there' })
  const messages = Array.from({ length: COUNT }, (_, i) => ({ text: `${i}` }))
  const sent = await alice.node.sendMany(seededSigner('bob').pastelId, messages)
  const ids = sent.map(({ id }) => id)
  await waitUntil(
    async () => {
      const { state } = await alice.node.status(ids.at(-1) as string)
      return state === 'left-with-mailboxes'
    },
    { what: 'the mailbox to have all' },
  )
  await connection.close()
  await waitUntil(() => alice.node.peers().length === 0, { what: 'the mailbox to be gone' })

  // A receipt for each message, none of which says what another does.
  const back = await bob.peer.join(alice.address)
  const frames = lpStream(await back.newStream(DIRECT), { maxDataLength: 2 ** 20 })
  for (let at = 0; at < COUNT; at += 8) {
    const receipts: CertifiedReceipt[] = []
    for (const { log, position } of ids.slice(at, at + 8).map(parseMessageId)) {
      const range = { log, first: position, last: position, outcome: 'entered', reason: '' } as const
      receipts.push(...(await bob.maker.make([range])))
    }
    await frames.write(encodeDirectRequest({ kind: 'receipts', id: at, receipts }))
    await frames.read({ signal: AbortSignal.timeout(10_000) })
  }
  expect(told).toEqual([])
  await carol.peer.join(alice.address)
  await waitUntil(() => told.length >= COUNT, { what: 'the mailbox to be told of all' })
  const positions = told.map(({ receipt }) => readReceipt(receipt).ranges[0]?.first)
  expect(new Set(positions).size).toBe(COUNT)
})
