import { lpStream } from '@libp2p/utils'
import {
  type Certificate,
  type CertifiedReceipt,
  decodeDirectResponse,
  encodeDirectRequest,
  inboxChannel,
  type ReceiptRange,
} from '@pastel-mesh/protocol'
import { expect, test, vi } from 'vitest'
import { ReceiptMaker } from '../src/direct/receipt-maker.ts'
import { NETWORK } from './fixtures/inbound.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const bobsId = seededSigner('bob').pastelId

/** A node that has sent a message to bob, who is away; what a receipt of it says. */
async function sent() {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await bob.stop()
  const { id } = await alice.node.send(bobsId, { text: 'x' })
  const { signed } = (await alice.store.findMessage(id))?.stored ?? {}
  if (signed === undefined) throw new Error('it is stored')
  const range: ReceiptRange = { log: signed.log, first: 0, last: 0, outcome: 'entered', reason: '' }
  expect(signed.batch.channel).toBe(inboxChannel(bobsId))
  return { alice, id, range }
}

/** Signs with the node key of a peer. */
async function receiptOf(
  peer: ProtocolPeer,
  range: ReceiptRange,
  other: {
    certificate?: Partial<Certificate>
    network?: string
    subject?: string
    envelope?: Uint8Array
  } = {},
): Promise<CertifiedReceipt> {
  const certificate = other.envelope ?? (await peer.makeCertificate(other.certificate))
  const maker = new ReceiptMaker(
    { network: other.network ?? NETWORK },
    {
      subject: seededSigner(other.subject ?? 'bob').publicKey,
      nodeKey: peer.nodeKey,
      certificate: () => certificate,
      storeId: () => new Uint8Array(16),
    },
  )
  const [receipt] = await maker.make([range])
  return receipt as CertifiedReceipt
}

/** Brings receipts to a node, as another member. @returns whether the node answered */
async function bring(target: TestNode, ...receipts: CertifiedReceipt[]): Promise<boolean> {
  const mallory = await ProtocolPeer.start('mallory')
  const connection = await mallory.join(target.address)
  const frames = lpStream(await connection.newStream('/pastel-mesh/direct/1'), { maxDataLength: 2 ** 20 })
  await frames.write(encodeDirectRequest({ kind: 'receipts', id: 1, receipts }))
  try {
    const bytes = (await frames.read({ signal: AbortSignal.timeout(10_000) })).subarray()
    return decodeDirectResponse(bytes).id === 1
  } catch {
    return false
  } finally {
    await mallory.libp2p.stop()
  }
}

const HOUR_MS = 3_600_000

test.each([
  [
    "with another's certificate",
    (bob: ProtocolPeer, range: ReceiptRange) => receiptOf(bob, range, { subject: 'carol' }),
  ],
  [
    'with the certificate of another node key',
    async (bob: ProtocolPeer, range: ReceiptRange) => {
      const envelope = await (await ProtocolPeer.start('bob')).makeCertificate()
      return receiptOf(bob, range, { envelope })
    },
  ],
  [
    'with a certificate that had expired',
    (bob: ProtocolPeer, range: ReceiptRange) => {
      const now = Date.now()
      const certificate = { notBeforeMs: now - 2 * HOUR_MS, notAfterMs: now - HOUR_MS }
      return receiptOf(bob, range, { certificate })
    },
  ],
  [
    'of another network',
    (bob: ProtocolPeer, range: ReceiptRange) => receiptOf(bob, range, { network: 'other' }),
  ],
  [
    'with a certificate of another network',
    (bob: ProtocolPeer, range: ReceiptRange) => receiptOf(bob, range, { certificate: { network: 'other' } }),
  ],
  [
    'with a wrong signature',
    async (bob: ProtocolPeer, range: ReceiptRange) => {
      const { receipt, certificate } = await receiptOf(bob, range)
      const changed = new Uint8Array(receipt)
      changed[0] = (changed[0] as number) ^ 1
      return { receipt: changed, certificate }
    },
  ],
])('a receipt %s settles nothing, is counted, and ends the stream', async (_, make) => {
  const { alice, id, range } = await sent()
  const bob = await ProtocolPeer.start('bob')
  expect(await bring(alice, await make(bob, range))).toBe(false)
  expect(alice.node.counters.receipts).toEqual({ refused: 1, superseded: 0 })
  expect((await alice.node.status(id)).state).toBe('accepted')
  expect(alice.store.carriedBytes().ownBatches).toBe(1)
})

test('a receipt from the future settles nothing, and what comes with it counts', async () => {
  const { alice, id, range } = await sent()
  const bob = await ProtocolPeer.start('bob')
  const good = await receiptOf(bob, range)
  const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + HOUR_MS)
  const early = await receiptOf(bob, range, { envelope: good.certificate })
  ahead.mockRestore()
  // The clock of who made it was wrong, or this node's is: nobody can tell.
  expect(await bring(alice, early)).toBe(true)
  expect(alice.node.counters.receipts).toEqual({ refused: 1, superseded: 0 })
  expect((await alice.node.status(id)).state).toBe('accepted')
  expect(await bring(alice, early, good)).toBe(true)
  expect((await alice.node.status(id)).state).toBe('delivered')
})

test('a node key that was superseded gives no more receipts; those of before stay good', async () => {
  const { alice, id, range } = await sent()
  const old = await ProtocolPeer.start('bob')
  const envelope = await old.makeCertificate()
  const before = await receiptOf(old, range, { envelope })
  const startedAtMs = Date.now()
  await waitUntil(() => Date.now() > startedAtMs, { what: 'the next millisecond' })
  const newer = await ProtocolPeer.start('bob')
  await newer.join(alice.address)
  const joinedAtMs = Date.now()
  await waitUntil(() => Date.now() > joinedAtMs, { what: 'the next millisecond' })
  // Who brings it may not know: it is put aside, and counted.
  expect(await bring(alice, await receiptOf(old, range, { envelope }))).toBe(true)
  expect(alice.node.counters.receipts).toEqual({ refused: 0, superseded: 1 })
  expect((await alice.node.status(id)).state).toBe('accepted')
  expect(await bring(alice, before)).toBe(true)
  expect((await alice.node.status(id)).state).toBe('delivered')
  expect(alice.node.counters.receipts).toEqual({ refused: 0, superseded: 1 })
})
