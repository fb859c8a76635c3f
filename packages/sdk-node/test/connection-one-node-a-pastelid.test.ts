import { openCertificate } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { AddressBook } from '../src/connection/address-book.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const NOW = Date.now()

async function present(node: GossipNode, serial: number, identity = 'mallory') {
  const peer = await startRawPeer()
  const certificate = await certificateFor(peer, identity, { serial })
  return { peer, connect: () => peer.dialAsMember(node.address, certificate) }
}

describe('of two nodes with one PastelID', () => {
  test('the one with the newer certificate stays, and the other is told off and not let in again', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const [older, newer, third] = await Promise.all([
      present(node, NOW - 10),
      present(node, NOW),
      present(node, NOW - 5, 'bob'),
    ])
    await third.connect()
    const connection = await older.connect()
    await newer.connect()
    await waitUntil(() => connection.status !== 'open', { what: 'the older to be closed' })
    expect(node.refusals).toMatchObject([
      {
        by: 'us',
        reason: 'superseded',
        peerId: older.peer.peerId,
        pastelId: seededSigner('mallory').pastelId,
      },
    ])
    await expect(older.connect()).rejects.toThrow('refused: superseded')
    expect(new Set([...node.gate.peers()].map(({ peerId }) => peerId))).toEqual(
      new Set([newer.peer.peerId, third.peer.peerId]),
    )
    await newer.connect()
  })

  test('the older is not let in even when the newer has gone', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const [older, newer] = await Promise.all([present(node, NOW - 10), present(node, NOW)])
    const connection = await newer.connect()
    await waitUntil(() => node.certified.length === 1, { what: 'the newer to be certified' })
    await connection.close()
    await waitUntil(() => node.gone.length === 1, { what: 'the newer to be gone' })
    await expect(older.connect()).rejects.toThrow('refused: superseded')
  })

  test('with equal serials one stays, whichever came first', async () => {
    const keys = new Set<string>()
    const peers = await Promise.all([startRawPeer(), startRawPeer()])
    for (const order of [peers, peers.toReversed()]) {
      const node = await GossipNode.start({ identity: 'alice' })
      for (const peer of order) {
        const certificate = await certificateFor(peer, 'mallory', { serial: NOW })
        await peer.dialAsMember(node.address, certificate).catch(() => {})
      }
      await waitUntil(() => node.refusals.length === 1, { what: 'one to be refused' })
      for (const { peerId } of node.gate.peers()) keys.add(peerId)
    }
    expect(keys.size).toBe(1)
  })
})

test('the book holds so many PastelIDs, those that were seen last', async () => {
  const book = new AddressBook({ max: 3 })
  const peer = await startRawPeer()
  const seen = async (identity: string) => {
    const { pastelId } = seededSigner(identity)
    book.seen(pastelId, await openCertificate(await certificateFor(peer, identity)))
  }
  for (const identity of ['a', 'b', 'c', 'a', 'd']) await seen(identity)
  const has = ['a', 'b', 'c', 'd'].map((identity) => book.get(seededSigner(identity).pastelId) !== undefined)
  expect(has).toEqual([true, false, true, true])
})
