import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

const LIFETIME_MS = 1_200
const RENEWALS = 5

test('certificates are renewed on live connections, again and again', async () => {
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((identity) => GossipNode.start({ identity, certificateLifetimeMs: LIFETIME_MS })),
  )
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await alice.join(bob)
  const known = (node: GossipNode) => [...node.gate.peers()][0]?.certificate.serial ?? 0
  const serials = [alice, bob].map((node) => ({ node, seen: new Set([known(node)]) }))
  await waitUntil(() => serials.every(({ node, seen }) => seen.add(known(node)).size > RENEWALS), {
    what: `${RENEWALS} renewed certificates each way`,
  })
  for (const { gone, refusals } of [alice, bob])
    expect({ gone, refusals }).toEqual({ gone: [], refusals: [] })
  await alice.publish(Buffer.from('still here'))
  await waitUntil(() => bob.received.length === 1, { what: 'gossip to go on' })
})
