import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** Two nodes, the one whose key is lower, which chooses, first. */
async function startTwo(): Promise<[GossipNode, GossipNode]> {
  const [one, other] = await Promise.all([start('alice'), start('bob')])
  return Buffer.compare(one.nodeKey.publicKey.raw, other.nodeKey.publicKey.raw) < 0
    ? [one, other]
    : [other, one]
}

const start = (identity: string) => GossipNode.start({ identity, keep: [] })

const dial = (from: GossipNode, to: GossipNode): Promise<Connection> =>
  from.transport.libp2p.dial(multiaddr(to.address), { force: true })

const connections = (node: GossipNode) => node.transport.libp2p.getConnections()

async function settled(...nodes: GossipNode[]): Promise<void> {
  await waitUntil(
    () => nodes.every((node) => connections(node).length === 1 && node.peers?.list().length === 1),
    {
      what: 'one connection at both ends',
      timeoutMs: 15_000,
    },
  )
}

describe('two nodes', () => {
  test('that dial each other at once keep the connection of the one with the lower key', async () => {
    const [lower, higher] = await startTwo()
    await Promise.all([dial(lower, higher), dial(higher, lower)])
    await waitUntil(() => lower.certified.length === 2, { what: 'two connections' })
    await settled(lower, higher)
    expect(connections(lower)[0]?.direction).toBe('outbound')
    expect(connections(higher)[0]?.direction).toBe('inbound')
    for (const [from, to] of [
      [lower, higher],
      [higher, lower],
    ] as const) {
      await waitUntil(
        async () => {
          await from.publish(Buffer.from(`from ${from.peerId}, ${performance.now()}`))
          return to.received.length > 0
        },
        { what: 'the other to hear it', everyMs: 50 },
      )
      expect(from.comings).toEqual([`${to.peerId} came`])
    }
    expect([...lower.refusals, ...higher.refusals]).toEqual([])
  })

  test.each(['lower', 'higher'])('keep the first, if the one with the %s key dials twice', async (who) => {
    const [lower, higher] = await startTwo()
    const [from, to] = who === 'lower' ? [lower, higher] : [higher, lower]
    await from.join(to)
    const [first] = connections(from)
    const second = await dial(from, to)
    await waitUntil(() => from.certified.length === 2 && to.certified.length === 2, {
      what: 'two connections',
    })
    await waitUntil(() => second.status === 'closed', { what: 'the second to be closed' })
    await settled(lower, higher)
    expect(connections(from)).toEqual([first])
    expect(lower.comings).toEqual([`${higher.peerId} came`])
    expect(higher.comings).toEqual([`${lower.peerId} came`])
  })

  test('keep the second, if the first does not answer', async () => {
    const [lower, higher] = await startTwo()
    await lower.join(higher)
    // What a power cut leaves at the other end: a connection that nobody holds.
    const [dead] = connections(lower)
    if (dead === undefined) throw new Error('no connection')
    dead.newStream = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const fresh = await dial(higher, lower)
    await waitUntil(() => lower.certified.length === 2, { what: 'two connections' })
    await waitUntil(() => dead.status !== 'open', { what: 'the dead one to be closed' })
    await settled(lower, higher)
    expect(connections(higher)).toEqual([fresh])
    expect(lower.comings).toEqual([`${higher.peerId} came`])
  })

  test('that stay connected to all addresses of each other settle on one, and return when it is lost', async () => {
    const alice = await GossipNode.start({
      identity: 'alice',
      keep: [],
      listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
    })
    // Without the PeerId, as operators write them: libp2p cannot know that both are one node.
    const keep = alice.transport.libp2p
      .getMultiaddrs()
      .map((address) => String(address).replace(/\/p2p\/.*/, ''))
    const bob = await GossipNode.start({ identity: 'bob', keep })
    await waitUntil(() => alice.certified.length === 2, { what: 'two connections' })
    await settled(alice, bob)
    connections(alice)[0]?.abort(new Error('lost'))
    await waitUntil(() => bob.comings.length === 3, { what: 'bob to come back' })
  })
})

test('a peer that dials on and on has two connections at most, and one in the end', async () => {
  const node = await start('alice')
  const peer = await startRawPeer()
  const certificate = await certificateFor(peer)
  for (let i = 0; i < 6; i += 1) {
    await peer.dialAsMember(node.address, certificate).catch(() => {})
    expect(node.peers?.list().length ?? 0).toBeLessThanOrEqual(1)
  }
  await waitUntil(() => connections(node).length <= 2, { what: 'no more than two', timeoutMs: 3_000 })
  await settled(node)
  expect(node.comings).toEqual([`${peer.peerId} came`])
}, 30_000)
