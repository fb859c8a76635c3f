import { lpStream } from '@libp2p/utils'
import {
  type CertifiedReceipt,
  type DirectRequest,
  decodeDirectRequest,
  encodeDirectResponse,
  inboxChannel,
  readReceipt,
} from '@pastel-mesh/protocol'
import { expect, test, vi } from 'vitest'
import type { ReceiptMaker } from '../src/direct/receipt-maker.ts'
import { askingPeer, receiptMakerOf } from './fixtures/direct-peer.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

const HOUR_MS = 3_600_000

/** Bob, by hand and with a node key of its own, and what signs his receipts. */
async function bobByHand() {
  const peer = await ProtocolPeer.start('bob')
  const maker = await receiptMakerOf(peer)
  return { peer, maker }
}

const serialOf = ({ receipt }: CertifiedReceipt): number => readReceipt(receipt).serial

/**
 * Connects to a node as bob, and answers as a test says until it has asked for something else than whether receipts are
 * true. @returns the serials of the receipts that he was shown
 */
async function visit(
  target: TestNode,
  { peer, maker }: Awaited<ReturnType<typeof bobByHand>>,
  answer: (request: DirectRequest, maker: ReceiptMaker) => Promise<CertifiedReceipt[]>,
  isOver: (shown: readonly number[]) => boolean | Promise<boolean>,
): Promise<number[]> {
  const shown: number[] = []
  await peer.handle('/pastel-mesh/direct/1', async (stream) => {
    const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
    for (;;) {
      const request = decodeDirectRequest((await frames.read()).subarray())
      if (request.kind === 'receipts') shown.push(...request.receipts.map(serialOf))
      const receipts = await answer(request, maker)
      await frames.write(encodeDirectResponse({ id: request.id, receipts, refused: [], error: '' }))
    }
  })
  await peer.join(target.address)
  await waitUntil(() => isOver(shown), { what: 'the visit to be over' })
  await peer.libp2p.stop()
  await waitUntil(() => target.node.peers().length === 0, { what: 'it to be gone' })
  return shown
}

test('what comes again to a recipient that was restored is delivered, also if its receipts were ahead of its clock', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const { id } = await alice.node.send(bob.node.pastelId, { text: 'had' })
  await alice.node.waitForDelivery(id, inTime())
  await bob.stop()

  // With a clock that is ahead he says once more what he has.
  const ahead = await bobByHand()
  ahead.maker.goOnFrom(Date.now() + HOUR_MS)
  const lastSerial = async () => serialOf((await alice.node.status(id)).receipt as CertifiedReceipt)
  const isAhead = async () => (await lastSerial()) > Date.now() + HOUR_MS / 2
  const sayAll = async (request: DirectRequest, maker: ReceiptMaker) =>
    request.kind === 'receipts'
      ? maker.make(request.receipts.flatMap((one) => readReceipt(one.receipt).ranges))
      : []
  await visit(alice, ahead, sayAll, isAhead)
  const serial = await lastSerial()

  // Then he has nothing, again and again.
  const sayNothing = async () => []
  const isShown = (shown: readonly number[]) => shown.length > 0
  const isReopened = async (shown: readonly number[]) =>
    shown.length > 0 && (await alice.node.status(id)).state === 'accepted'
  expect(await visit(alice, await bobByHand(), sayNothing, isReopened)).toEqual([serial])
  expect(await visit(alice, await bobByHand(), sayNothing, isShown)).toEqual([serial])
  await alice.stop()
  const later = await startNode({ identity: 'alice', directory: alice.directory })
  expect(await visit(later, await bobByHand(), sayNothing, isShown)).toEqual([serial])

  // What he says at last counts, though his clock is an hour behind what he had said.
  const again = await startNode({ identity: 'bob', directory: bob.directory })
  await connect(again, later)
  const status = await later.node.waitForDelivery(id, inTime())
  expect(status.state).toBe('delivered')
  expect(serialOf(status.receipt as CertifiedReceipt)).toBeGreaterThan(serial)
})

test('a node believes its own receipts, whatever its clock showed when it signed them, and goes on above them', async () => {
  const bob = await startNode({ identity: 'bob' })
  const channel = inboxChannel(bob.node.pastelId)
  const writer = new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() })
  const [first, second] = [await writer.write(), await writer.write()]
  const ask = await (await askingPeer(bob, 'alice'))()
  const left = await ask({ kind: 'deposit', id: 1, batches: [first.envelope] })
  const { ranges } = readReceipt((left.receipts[0] as CertifiedReceipt).receipt)

  const { maker } = await bobByHand()
  const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + HOUR_MS)
  const shown = await maker.make(ranges)
  ahead.mockRestore()
  const serial = serialOf(shown[0] as CertifiedReceipt)
  const answer = await ask({ kind: 'receipts', id: 2, receipts: shown })
  expect(answer.receipts.map(({ receipt }) => readReceipt(receipt))).toMatchObject([{ ranges }])
  const next = await ask({ kind: 'deposit', id: 3, batches: [second.envelope] })
  for (const receipt of [...answer.receipts, ...next.receipts]) {
    expect(serialOf(receipt)).toBeGreaterThan(serial)
    expect(readReceipt(receipt.receipt).createdAtMs).toBeLessThanOrEqual(Date.now())
  }
  expect(bob.node.alerts()).toEqual([])
})
