import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { expect, test } from 'vitest'
import { liveBytes, liveBytesBelow } from '../../protocol/test/collect-garbage.ts'
import { type DecoderName, readCorpus } from '../../protocol/test/corpus.ts'
import { CertificateExchange } from './fixtures/attackers.ts'
import { BatchHolder, SYNC_PROTOCOL } from './fixtures/batch-holder.ts'
import { freshWriter } from './fixtures/inbound.ts'
import { connect, hears, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const GOSSIP_TOPIC = '/pastel-mesh/1/testnet/topic/test'

/** What a peer sends before it is cut off for it: some ten bad batches. */
const BATCHES_A_PEER = 8

/** What the whole corpus may leave behind in one process: connections, counters, denials, compiled code. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024
const MAX_RSS_GROWTH_BYTES = 400 * 1024 * 1024

/** Every third of the corpus at every change, all of it in the full form: each costs connections and signatures. */
const SHARE = process.env.PMESH_TEST_FULL === undefined ? 3 : 1

const inputs = (decoder: DecoderName) =>
  readCorpus(decoder)
    .filter((_, index) => index % SHARE === 0)
    .map(({ bytes }) => bytes)

/** A node under attack, and an honest one whose messages it must go on to get. */
async function openMesh() {
  const victim = await startNode({ identity: 'victim', syncIntervalMs: 50 })
  const honest = await startNode({ identity: 'honest' })
  await connect(honest, victim)
  await hears(honest, victim)
  let sent = 0
  return {
    victim,
    async expectDelivery() {
      sent += 1
      await honest.node.publish('test', { text: `honest ${sent}` })
      await stores(victim, sent)
    },
  }
}

/** A certified member that speaks every protocol by hand. */
async function joinAttacker(
  victim: TestNode,
  identity: string,
  serveSync: (stream: Stream) => Promise<void> = new BatchHolder().serve,
) {
  const peer = await startRawPeer()
  await peer.libp2p.handle(SYNC_PROTOCOL, serveSync)
  const connection = await peer.dialAsMember(victim.address, await certificateFor(peer, identity))
  return { peer, connection }
}

/** Runs an attack twice and compares what the first time left behind with what the second does. */
async function expectNoGrowth(attack: (round: number) => Promise<void>): Promise<void> {
  await attack(1)
  const maxBytes = (await liveBytes()) + MAX_GROWTH_BYTES
  const { rss } = process.memoryUsage()
  await attack(2)
  expect(await liveBytesBelow(maxBytes)).toBeLessThan(maxBytes)
  expect(process.memoryUsage().rss - rss).toBeLessThan(MAX_RSS_GROWTH_BYTES)
}

test('the corpus by gossip: every batch is rejected and counted, honest messages arrive', async () => {
  const { victim, expectDelivery } = await openMesh()
  const bad = inputs('batch').filter(({ length }) => length > 0)
  const { dropped } = victim.node.counters
  await expectNoGrowth(async (round) => {
    for (let i = 0; i < bad.length; i += BATCHES_A_PEER) {
      const batches = bad.slice(i, i + BATCHES_A_PEER)
      const { peer, connection } = await joinAttacker(victim, `mallory ${round}/${i}`)
      const gossip = await peer.openGossip(connection)
      gossip.subscribe(GOSSIP_TOPIC)
      const before = dropped.malformed
      // Gossipsub knows what it has seen: the second time each has another signature.
      gossip.publish(GOSSIP_TOPIC, ...batches.map((bytes) => (round === 1 ? bytes : resigned(bytes))))
      await waitUntil(() => dropped.malformed >= before + batches.length, {
        what: 'bad batches to be counted',
      })
      await peer.stop()
      if (i % (8 * BATCHES_A_PEER) === 0) await expectDelivery()
    }
  })
  expect(dropped.malformed).toBe(2 * bad.length)
  expect(victim.node.counters.verifications).toBe(victim.node.counters.received.batches)
  await expectDelivery()
}, 120_000)

test('the corpus by the certificate protocol: everybody is refused, honest messages arrive', async () => {
  const { victim, expectDelivery } = await openMesh()
  const peer = await startRawPeer()
  const present = async (act: (exchange: CertificateExchange) => Promise<void>) => {
    const connection = await peer.dial(victim.address)
    const exchange = await CertificateExchange.open(connection)
    await act(exchange).catch(() => {})
    await waitUntil(() => connection.status !== 'open', { what: 'the connection to be closed' })
  }
  await expectNoGrowth(async () => {
    for (const frame of inputs('certificate-frame')) {
      await present((exchange) => exchange.writeBytes(frame))
    }
    await expectDelivery()
    for (const certificate of inputs('certificate')) {
      await present((exchange) => exchange.write({ certificate, verdict: 'none', reason: '' }))
    }
    await expectDelivery()
  })
  expect(victim.node.peers()).toHaveLength(1)
  expect(victim.errors).toEqual([])
}, 120_000)

test('the corpus as sync requests: the stream is reset at each, honest messages arrive', async () => {
  const { victim, expectDelivery } = await openMesh()
  const { connection } = await joinAttacker(victim, 'mallory')
  await expectNoGrowth(async () => {
    for (const request of inputs('sync-request')) {
      const stream = await connection.newStream(SYNC_PROTOCOL)
      await lpStream(stream).write(request)
      await waitUntil(() => stream.status !== 'open', { what: 'the stream to be reset' })
    }
    await expectDelivery()
  })
  expect(connection.status).toBe('open')
}, 120_000)

test('the corpus as sync answers: none is taken in, honest messages arrive', async () => {
  const { victim, expectDelivery } = await openMesh()
  const batches = inputs('batch')
  // One bad answer a peer: a node takes its time before it asks a liar again.
  const holders = [...inputs('sync-response').map(answersHeads), ...batches.map(answersRanges)]
  await expectNoGrowth(async (round) => {
    for (let i = 0; i < holders.length; i += PEERS_AT_A_TIME) {
      const together = holders.slice(i, i + PEERS_AT_A_TIME).map(async (make, j) => {
        const holder = make(i + j)
        const { peer } = await joinAttacker(victim, `mallory ${round}/${i + j}`, holder.serve)
        await waitUntil(() => holder.dropped > 0, { what: `answer ${i + j} to be refused` })
        await peer.stop()
      })
      await Promise.all(together)
      if (i % (8 * PEERS_AT_A_TIME) === 0) await expectDelivery()
    }
  })
  await expectDelivery()
  const { dropped, received } = victim.node.counters
  // Those whose header is right are not what was asked for: that is seen before they are decompressed.
  expect(dropped.malformed + dropped['not-asked']).toBe(2 * batches.length)
  expect(received.batches).toBe(victim.store.end)
}, 120_000)

const PEERS_AT_A_TIME = 8

/** A holder that answers the question for heads with bytes. */
function answersHeads(bytes: Uint8Array): () => BatchHolder {
  return () => {
    const holder = new BatchHolder()
    holder.heads = () => [bytes]
    return holder
  }
}

/** A holder that claims a log of its own, and sends a bad batch for it. */
function answersRanges(batch: Uint8Array): (index: number) => BatchHolder {
  return (index) => {
    const holder = new BatchHolder()
    const { signer, channel } = freshWriter()
    const run = new Uint8Array(16)
    run[0] = 1 + index
    run[1] = 1 + (index >> 8)
    const head = { sender: signer.publicKey, channel, run, position: 5, hash: new Uint8Array(32).fill(1) }
    holder.heads = (request) => [{ ...holder.honestHeads(request), next: holder.cursor(6), heads: [head] }]
    holder.ranges = ({ id }) => [{ kind: 'ranges', id, batches: [batch], denied: [], pruned: [], done: true }]
    return holder
  }
}

/** The same batch bytes under another signature; what is too short for one, a byte longer. */
function resigned(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes.length > 114 ? bytes : [...bytes, 0])
  copy[0] = (copy[0] as number) ^ 1
  return copy
}
