import { type CertifiedReceipt, parseMessageId, readReceipt } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { askingPeer, receiptMakerOf } from './fixtures/direct-peer.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { waitUntil } from './fixtures/testkit.ts'

const knows = ({ node }: TestNode, name: string) =>
  node.knownNodes().some(({ pastelId }) => pastelId === name)

test('two who keep messages for each other are told once of a receipt about both', async () => {
  const alice = await startNode({ identity: 'alice' })
  const carol = await startNode({ identity: 'carol' })
  await connect(alice, carol)
  const bob = await startNode({ identity: 'bob' })
  const bobsId = bob.node.pastelId
  await connect(bob, alice)
  await waitUntil(() => knows(alice, bobsId) && knows(carol, bobsId), { what: 'the certificate to be known' })
  await bob.stop()
  const senders = [alice, carol]
  const ids = await Promise.all(senders.map(({ node }) => node.send(bobsId, { text: 'left' })))
  const told = senders.map(({ node }) => {
    const deliveries: unknown[] = []
    node.addEventListener('delivery', ({ detail }) => deliveries.push(detail))
    return deliveries
  })
  for (const [i, { node }] of senders.entries()) {
    await waitUntil(async () => (await node.status(ids[i]?.id ?? '')).state === 'left-with-mailboxes', {
      what: 'the other to keep it',
    })
  }

  // By hand: one receipt about both.
  const peer = await ProtocolPeer.start('bob')
  const maker = await receiptMakerOf(peer)
  const both = await maker.make(
    ids.map(({ id }) => {
      const { log, position } = parseMessageId(id)
      return { log, first: position, last: position, outcome: 'entered', reason: '' } as const
    }),
  )
  await peer.libp2p.stop()
  const ask = await (await askingPeer(alice, 'dave'))()
  const receipts = both as CertifiedReceipt[]
  await ask({ kind: 'receipts', id: 1, receipts })
  for (const [i, { node }] of senders.entries()) await node.waitForDelivery(ids[i]?.id ?? '', inTime())
  // It would be on its way between them while this is, too.
  for (let i = 0; i < 5; i += 1) {
    const { id } = await alice.node.send(carol.node.pastelId, { text: `${i}` })
    await alice.node.waitForDelivery(id, inTime())
  }
  expect(told[0]?.filter((one) => (one as { recipient: string }).recipient === bobsId)).toHaveLength(1)
  expect(told[1]).toHaveLength(1)
})

test('what a recipient says of its own receipts is of one sender each', async () => {
  const alice = await startNode({ identity: 'alice' })
  const carol = await startNode({ identity: 'carol' })
  const bob = await startNode({ identity: 'bob' })
  const receipts: CertifiedReceipt[] = []
  for (const sender of [alice, carol]) {
    await connect(sender, bob)
    for (let i = 0; i < 2; i += 1) {
      const { id } = await sender.node.send(bob.node.pastelId, { text: `${i}` })
      const { receipt } = await sender.node.waitForDelivery(id, inTime())
      receipts.push(receipt as CertifiedReceipt)
    }
  }
  const ask = await (await askingPeer(bob, 'dave'))()
  const answer = await ask({ kind: 'receipts', id: 1, receipts })
  const logs = answer.receipts.map(({ receipt }) => readReceipt(receipt).ranges.map(({ log }) => log))
  const logsOf = (some: CertifiedReceipt[]) =>
    new Set(some.flatMap(({ receipt }) => readReceipt(receipt).ranges.map(({ log }) => log)))
  expect(logs).toHaveLength(2)
  expect(new Set(logs[0])).toEqual(logsOf(receipts.slice(0, 2)))
  expect(new Set(logs[1])).toEqual(logsOf(receipts.slice(2)))
})
