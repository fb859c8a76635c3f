import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

/** More than a node forwards to at the first hop, and fewer than its mesh takes. */
const LEAVES = 6
const ALICE = seededSigner('alice').pastelId
const BOB = seededSigner('bob').pastelId

test('what a node had from the sender itself it forwards to some of its mesh, everything else to all', async () => {
  const alice = await GossipNode.start({ identity: 'alice' })
  // Accepts everything; what begins with a 1 is Alice's.
  const middle = await GossipNode.start({
    identity: 'middle',
    receive: async ([first]) => ({
      action: 'accept',
      sender: first === 1 ? ALICE : BOB,
      missing: undefined as never,
    }),
    isNodeOf: (peer, sender) => peer === alice.peerId && sender === ALICE,
  })
  const leaves: GossipNode[] = []
  for (let i = 0; i < LEAVES; i += 1) leaves.push(await GossipNode.start({ identity: `leaf ${i}` }))
  for (const node of [alice, ...leaves]) await node.join(middle)
  const reached = (first: number, size: number) =>
    leaves.filter(({ received }) => received.some(({ data }) => data[0] === first && data.length === size))
      .length

  await alice.publish(Uint8Array.of(1, 1, 1))
  await waitUntil(() => reached(1, 3) > 0, { what: 'it to be forwarded, a moment later' })
  // Streams keep their order: when these have reached all, whatever was sent before has arrived.
  await alice.publish(Uint8Array.of(2, 2, 2))
  // Not flooded by its sender: it is too large.
  await alice.publish(new Uint8Array(20_000).fill(1))
  await waitUntil(() => reached(2, 3) === LEAVES && reached(1, 20_000) === LEAVES, {
    what: 'the later ones to reach all',
  })
  expect(reached(1, 3)).toBe(3)
})

test('what a node had from the sender itself it forwards to those that are not connected to it', async () => {
  const alice = await GossipNode.start({ identity: 'alice' })
  const connected = new Set<string>()
  const middle = await GossipNode.start({
    identity: 'middle',
    receive: async ([first]) => ({
      action: 'accept',
      sender: first === 1 ? ALICE : BOB,
      missing: undefined as never,
    }),
    isNodeOf: (peer, sender) => peer === alice.peerId && sender === ALICE,
    reaches: (peer, author) => author === alice.peerId && connected.has(peer),
  })
  const leaves: GossipNode[] = []
  for (let i = 0; i < LEAVES; i += 1) leaves.push(await GossipNode.start({ identity: `leaf ${i}` }))
  for (const node of [alice, ...leaves]) await node.join(middle)
  for (const { peerId } of leaves.slice(0, 2)) connected.add(peerId)
  const [first, second, ...needy] = leaves.map(
    ({ received }) =>
      (value: number) =>
        received.some(({ data }) => data[0] === value),
  )

  await alice.publish(Uint8Array.of(1))
  await alice.publish(Uint8Array.of(2))
  await waitUntil(() => [first, second, ...needy].every((has) => has?.(2)), { what: 'all to have the later' })
  expect(needy.map((has) => has(1))).toEqual(needy.map(() => true))
  expect([first?.(1), second?.(1)]).toEqual([false, false])
})
