import {
  type CertifiedReceipt,
  type DirectRequest,
  openBatch,
  parseMessageId,
  readReceipt,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { MailboxTeller } from '../src/direct/mailbox-teller.ts'
import type { KnownReceipt } from '../src/direct/receipt-check.ts'
import { answeringPeer, askingPeer, receiptMakerOf } from './fixtures/direct-peer.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

test('a mailbox that refuses a receipt is told of it again, with what came meanwhile', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  const bobsId = bob.node.pastelId
  await connect(bob, alice)
  await bob.stop()
  const told: (readonly CertifiedReceipt[])[] = []
  let failures = 2
  await answeringPeer(alice, 'carol', [], async (request: DirectRequest, maker) => {
    if (request.kind === 'receipts') {
      told.push(request.receipts)
      if (failures === 0) return {}
      failures -= 1
      return { error: 'busy' }
    }
    if (request.kind !== 'deposit') return {}
    const ranges = request.batches.map((envelope) => {
      const { log, batch } = openBatch(envelope)
      const last = batch.first + batch.count - 1
      return { log, first: batch.first, last, outcome: 'entered', reason: '' } as const
    })
    return { receipts: await maker.make(ranges) }
  })
  const ids: string[] = []
  for (const text of ['one', 'two']) {
    const { id } = await alice.node.send(bobsId, { text })
    ids.push(id)
    await waitUntil(async () => (await alice.node.status(id)).state === 'left-with-mailboxes', {
      what: 'carol to keep it',
    })
  }

  // By hand: bob has got one, then the other.
  const peer = await ProtocolPeer.start('bob')
  const maker = await receiptMakerOf(peer)
  const ask = await (await askingPeer(alice, 'dave'))()
  for (const id of ids) {
    const { log, position } = parseMessageId(id)
    const receipts = await maker.make([
      { log, first: position, last: position, outcome: 'entered', reason: '' },
    ])
    await ask({ kind: 'receipts', id: 1, receipts })
    await alice.node.waitForDelivery(id, inTime())
  }
  await waitUntil(() => told.length === 3, { what: 'carol to be told again' })
  const positions = told.map((receipts) =>
    receipts.flatMap(({ receipt }) => readReceipt(receipt).ranges.map(({ first }) => first)).sort(),
  )
  expect(positions[0]).toEqual([0])
  expect(positions[2]).toEqual([0, 1])
})

/** A receipt of which nothing but its name is of interest. */
function receipt(serial: number): KnownReceipt {
  const bytes = new Uint8Array(100)
  return { by: 'bob', content: { serial, ranges: [] }, receipt: bytes, certificate: bytes } as never
}

/** A teller of a mailbox that refuses everything while a test says so. */
function refusingMailbox(minPauseMs: number) {
  const mailbox = { isConnected: true, refuses: true, asked: [] as number[][] }
  const teller = new MailboxTeller(
    { minPauseMs },
    {
      peers: {
        isConnected: () => mailbox.isConnected,
        async ask(_name, question) {
          const { receipts } = question as unknown as { receipts: KnownReceipt[] }
          mailbox.asked.push(receipts.map(({ content }) => content.serial))
          if (mailbox.refuses) throw new Error('refused')
          return { id: 0, receipts: [], refused: [], error: '' }
        },
      },
    },
  )
  return { mailbox, teller, name: seededSigner('carol').pastelId }
}

test('a mailbox that refuses everything is left alone in the end, until there is something new', async () => {
  const { mailbox, teller, name } = refusingMailbox(0)
  teller.tell(name, [receipt(1)])
  await waitUntil(() => mailbox.asked.length === 10, { what: 'ten failures' })
  mailbox.refuses = false
  await waitUntil(
    () => {
      if (mailbox.asked.length === 10) teller.tell(name, [receipt(2)])
      return mailbox.asked.length > 10
    },
    { what: 'something new to be told' },
  )
  expect(mailbox.asked.slice(10)).toEqual([[2]])
})

test('a mailbox that reconnects is told at once what it had refused', async () => {
  const { mailbox, teller, name } = refusingMailbox(1e9)
  teller.tell(name, [receipt(1)])
  await waitUntil(() => mailbox.asked.length === 1, { what: 'the failure' })
  teller.tell(name, [receipt(2)])
  mailbox.refuses = false
  teller.connected(name, [receipt(3)])
  await waitUntil(() => mailbox.asked.length === 2, { what: 'it to be told' })
  expect(mailbox.asked[1]).toEqual([1, 2, 3])
})

test('a pause ends with the node', async () => {
  const { mailbox, teller, name } = refusingMailbox(1e9)
  teller.tell(name, [receipt(1)])
  await waitUntil(() => mailbox.asked.length === 1, { what: 'the failure' })
  mailbox.isConnected = false
  await teller.stop()
  mailbox.isConnected = true
  teller.tell(name, [receipt(2)])
  expect(mailbox.asked).toEqual([[1], [2]])
})
