import { randomBytes } from 'node:crypto'
import { makeEnvelope, SIGNATURE_BYTES } from '@pastel-mesh/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { DropReason } from '../src/counters.ts'
import type { MemberRegistry } from '../src/index.ts'
import { GOSSIP_TOPIC, GossipNode, TOPIC } from './fixtures/gossip-node.ts'
import { forged, freshWriter, openInbound } from './fixtures/inbound.ts'
import { intrude } from './fixtures/raw-peers.ts'
import { type LogWriter, type LogWriterOptions, seededSigner, waitUntil } from './fixtures/testkit.ts'

const MINUTE = 60_000
const stranger = seededSigner('stranger').pastelId
const registry: MemberRegistry = {
  start: async () => {},
  stop: async () => {},
  memberAt: (pastelId) => (pastelId === stranger ? undefined : { pastelId, role: 'member' }),
}

const writer = (options: Partial<LogWriterOptions> = {}): LogWriter =>
  freshWriter({ channel: `topic/${TOPIC}`, ...options })

/** A node with real gossipsub and a real pipeline, and a member in its mesh that forwards what a test gives it. */
async function openMesh() {
  const inbound = await openInbound({ registry })
  const node = await GossipNode.start({
    identity: 'alice',
    receive: (data, peer, channel) => inbound.pipeline.receive(data, { via: 'gossip', peer, channel }),
  })
  const { peer, gossip } = await intrude(node, 'forwarder')
  onTestFinished(() => inbound.pipeline.settled())
  const { counters } = inbound
  const judged = () => counters.received.batches + Object.values(counters.dropped).reduce((a, b) => a + b, 0)
  return {
    counters,
    /** Forwards batches by gossip, and waits until all are judged and on disk. */
    async forward(...envelopes: Uint8Array[]) {
      const before = judged()
      gossip.publish(GOSSIP_TOPIC, ...envelopes)
      await waitUntil(() => judged() >= before + envelopes.length, { what: 'all batches to be judged' })
    },
    score: () => node.gossipsub.getScore(peer.peerId),
    /** What it is punished for. */
    penalties() {
      const stats = node.gossipsub.score.peerStats.get(peer.peerId)
      return {
        invalid: stats?.topics[GOSSIP_TOPIC]?.invalidMessageDeliveries ?? 0,
        behaviour: stats?.behaviourPenalty ?? 0,
      }
    },
  }
}

const ignored: readonly [what: string, reason: DropReason, make: () => Promise<Uint8Array>][] = [
  [
    'a batch from the future',
    'from-the-future',
    async () => (await writer({ startedAtMs: Date.now() + 3 * MINUTE }).write()).envelope,
  ],
  [
    'a batch older than what gossip takes',
    'too-old',
    async () => (await writer({ startedAtMs: Date.now() - 6 * MINUTE }).write()).envelope,
  ],
  [
    'a batch that has expired',
    'expired',
    async () =>
      (await writer({ startedAtMs: Date.now() - 2000 }).write({ change: { expiresAtMs: Date.now() - 1000 } }))
        .envelope,
  ],
  [
    'a batch of nobody that is a member',
    'not-a-member',
    async () => (await writer({ identity: 'stranger' }).write()).envelope,
  ],
]

test.each(ignored)(
  '%s is ignored and counted, and its forwarder is not scored down',
  async (_what, reason, make) => {
    const { forward, score, penalties, counters } = await openMesh()
    const envelope = await make()
    const before = score()
    await forward(envelope)
    expect(counters.dropped[reason]).toBe(1)
    // Judged after it: by then gossipsub has the verdict.
    await forward((await writer({ identity: 'carol' }).write()).envelope)
    expect(penalties()).toEqual({ invalid: 0, behaviour: 0 })
    expect(score()).toBeGreaterThanOrEqual(before)
  },
)

test('replayed batches are ignored and counted, and their forwarder is not scored down', async () => {
  const { forward, score, penalties, counters } = await openMesh()
  const signed = await writer().write()
  await forward(signed.envelope)
  const before = score()
  // Another signature, so that gossipsub does not know it.
  const copies = Array.from({ length: 20 }, () =>
    makeEnvelope(randomBytes(SIGNATURE_BYTES), signed.envelope.subarray(SIGNATURE_BYTES)),
  )
  await forward(...copies)
  expect(counters.dropped.duplicate).toBe(20)
  await forward((await writer({ identity: 'carol' }).write()).envelope)
  expect(penalties()).toEqual({ invalid: 0, behaviour: 0 })
  expect(score()).toBeGreaterThanOrEqual(before - 1)
})

const rejected: readonly [what: string, reason: DropReason, make: () => Promise<Uint8Array>][] = [
  [
    'a malformed batch',
    'malformed',
    async () => Buffer.concat([(await writer().write()).envelope, Buffer.of(0x78, 1)]),
  ],
  ['an oversize batch', 'malformed', async () => new Uint8Array(526_000)],
  ['a batch with a bad signature', 'signature', async () => forged(await writer().write())],
  [
    'a batch of another network',
    'wrong-network',
    async () => (await writer({ network: 'othernet' }).write()).envelope,
  ],
  [
    'a batch of another topic',
    'wrong-topic',
    async () => (await freshWriter({ channel: 'topic/other' }).write()).envelope,
  ],
]

test.each(rejected)(
  '%s is rejected and counted, and whoever sent it is scored down',
  async (_what, reason, make) => {
    const { forward, score, penalties, counters } = await openMesh()
    await forward(await make())
    expect(counters.dropped[reason]).toBe(1)
    await waitUntil(() => penalties().invalid > 0, { what: 'the peer to be punished' })
    // The score is worked out anew at most once a second.
    await waitUntil(() => score() < 0, { what: 'its score to fall' })
  },
)
