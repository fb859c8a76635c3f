import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  type BookRequest,
  type BookResponse,
  certificateGossipTopic,
  decodeBookRequest,
  decodeBookResponse,
  encodeBookRequest,
  encodeBookResponse,
  ProtocolError,
} from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { BOOK_PROTOCOL } from '../src/connection/book-exchange.ts'
import { createOpenRegistry, generateNodeKey, type MemberRegistry } from '../src/index.ts'
import { startNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const BOOK = new Uint8Array(16).fill(7)
const at = (position: number) => ({ book: BOOK, position })
const nodeKey = await generateNodeKey()
const make = (identity: string, change = {}) => certificateFor({ nodeKey }, identity, change)
const [good, otherNetwork, stranger, forged] = await Promise.all([
  make('good'),
  make('other', { network: 'another' }),
  make('stranger'),
  make('forged'),
])
forged[2] = (forged[2] as number) ^ 1

// Made once: nodes ask for each certificate, and a key takes a millisecond.
const { pastelId: strangerId } = seededSigner('stranger')
const registry: MemberRegistry = {
  ...createOpenRegistry(),
  memberAt: (pastelId) => (pastelId === strangerId ? undefined : { pastelId, role: 'member' }),
}

type Answer = (request: BookRequest, count: number) => BookResponse | Uint8Array

/** A certified peer that answers questions about its book as a test says. */
async function join(address: string, answer: Answer) {
  const peer = await ProtocolPeer.start('mallory')
  const seen = { streams: 0, questions: 0, reset: 0 }
  await peer.handle(BOOK_PROTOCOL, async (stream: Stream) => {
    seen.streams += 1
    stream.addEventListener('close', ({ error }) => {
      if (error !== undefined) seen.reset += 1
    })
    const frames = lpStream(stream)
    try {
      for (;;) {
        const request = decodeBookRequest((await frames.read()).subarray())
        seen.questions += 1
        const response = answer(request, seen.questions)
        await frames.write(response instanceof Uint8Array ? response : encodeBookResponse(response))
      }
    } catch {
      await stream.close().catch(() => {})
    }
  })
  await peer.join(address)
  return { peer, seen }
}

const liars: [what: string, answer: Answer, isBreach: boolean][] = [
  ['is no answer', () => new Uint8Array(100).fill(0xff), true],
  [
    'has a certificate of another network',
    () => ({ next: at(1), more: false, certificates: [otherNetwork] }),
    true,
  ],
  ['has a forged certificate', () => ({ next: at(1), more: false, certificates: [good, forged] }), true],
  ['has more and does not advance', () => ({ next: at(1), more: true, certificates: [good] }), true],
  ['goes back', (_, count) => ({ next: at(10 - count), more: true, certificates: [good] }), true],
  [
    'tells of nobody but strangers, without end',
    (_, count) => ({ next: at(count), more: true, certificates: Array(400).fill(stranger) }),
    false,
  ],
]

/** Nodes also say of these peers that they do not speak log sync. */
const breaches = (errors: readonly Error[]) =>
  errors.filter(
    (error) => error instanceof ProtocolError || (error as { code?: string }).code === 'ERR_BOOK_PROTOCOL',
  )

test.each(liars)(
  'a peer whose answer %s is left alone, and nothing grows',
  async (_, answer, isBreach) => {
    const alice = await startNode({ identity: 'alice', registry })
    const { seen, peer } = await join(alice.address, answer)
    if (isBreach) {
      await waitUntil(() => breaches(alice.errors).length === 1, {
        what: 'the breach to be told',
        timeoutMs: 5_000,
      })
      expect(seen.streams).toBe(1)
    } else {
      // One peer may tell of a full book: 8,192 certificates.
      await waitUntil(() => seen.questions >= 8192 / 400, { what: 'the peer to be asked', timeoutMs: 15_000 })
      expect(seen.questions).toBeLessThanOrEqual(22)
      expect(breaches(alice.errors)).toEqual([])
    }
    expect(alice.node.peers().map(({ peerId }) => peerId)).toEqual([peer.peerId])
    const known = new Set(alice.node.knownNodes().map(({ pastelId }) => pastelId))
    known.delete(seededSigner('mallory').pastelId)
    known.delete(seededSigner('good').pastelId)
    expect(known).toEqual(new Set())
    expect(alice.node.counters.certificates.verified).toBeLessThanOrEqual(2)
  },
  30_000,
)

test('what is passed over because it is too much at once is asked for again', async () => {
  const alice = await startNode({ identity: 'alice', registry })
  // More of one PastelID than a node looks at in a moment; the last is the one to know.
  const serials = Array.from({ length: 12 }, (_, i) => Date.now() - 60_000 + i)
  const certificates = await Promise.all(
    serials.map((serial, i) => make('busy', { serial, topics: i === 11 ? ['last'] : [] })),
  )
  const asked: (number | undefined)[] = []
  const last = certificates.slice(-1)
  await join(alice.address, (request, count) => {
    asked.push(request.from?.position)
    return { next: at(1), more: false, certificates: count === 1 ? certificates : last }
  })
  const { pastelId } = seededSigner('busy')
  await waitUntil(
    () => alice.node.knownNodes().some((node) => node.pastelId === pastelId && node.topics.includes('last')),
    { what: 'the last one to be known', timeoutMs: 10_000 },
  )
  expect(asked[1]).toBeUndefined()
}, 15_000)

describe('who asks for a book', () => {
  test('gets it in pieces as large as it wants, goes on where it stood, and is cut off when it speaks nonsense', async () => {
    const alice = await startNode({ identity: 'alice', registry })
    const { peer } = await join(alice.address, () => ({
      next: at(1),
      more: false,
      certificates: [good],
    }))
    await waitUntil(() => alice.node.knownNodes().length === 2, { what: 'the certificate to be taken' })
    const [connection] = peer.libp2p.getConnections()
    const stream = await connection?.newStream(BOOK_PROTOCOL)
    if (stream === undefined) throw new Error('not connected')
    const frames = lpStream(stream)
    const ask = async (request: BookRequest) => {
      await frames.write(encodeBookRequest(request))
      return decodeBookResponse((await frames.read()).subarray())
    }
    const certificates: Uint8Array[] = []
    let answer = await ask({ maxBytes: 1 })
    for (certificates.push(...answer.certificates); answer.more; ) {
      expect(answer.certificates).toHaveLength(1)
      answer = await ask({ from: answer.next, maxBytes: 1 })
      certificates.push(...answer.certificates)
    }
    // Its own, that of the peer itself, and the one that the peer told of.
    expect(certificates).toHaveLength(3)
    expect(certificates.map((one) => Buffer.from(one).toString('hex'))).toContain(
      Buffer.from(good).toString('hex'),
    )
    expect(await ask({ from: answer.next, maxBytes: 1 })).toEqual({ ...answer, certificates: [] })
    const elsewhere = { book: new Uint8Array(16), position: answer.next.position }
    expect((await ask({ from: elsewhere, maxBytes: 100_000 })).certificates).toHaveLength(3)
    await frames.write(new Uint8Array(20).fill(0xff))
    await waitUntil(() => stream.status !== 'open', { what: 'the stream to be reset' })
  })
})

test('who floods the gossip of certificates is ignored for what is no news, and cut off for what is forged', async () => {
  const alice = await startNode({ identity: 'alice', registry })
  const topic = certificateGossipTopic('testnet')
  const peer = await startRawPeer()
  const connection = await peer.dialAsMember(alice.address, await certificateFor(peer))
  const gossip = await peer.openGossip(connection)
  gossip.subscribe(topic)
  const counters = alice.node.counters.certificates
  // Old serials, strangers, and what it makes of itself without end.
  const serials = await Promise.all(
    Array.from({ length: 40 }, (_, i) => certificateFor(peer, 'flood', { serial: Date.now() - 5000 + i })),
  )
  gossip.publish(topic, good, stranger, ...serials, ...serials.toReversed())
  await waitUntil(() => counters.ignored >= 25, { what: 'the flood to be ignored', timeoutMs: 5_000 })
  await waitUntil(() => counters.learned >= 2, { what: 'the good ones to be taken', timeoutMs: 5_000 })
  expect(counters.verified).toBeLessThan(20)
  expect(alice.node.knownNodes()).toHaveLength(3)
  expect(connection.status).toBe('open')
  const forgeries = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const one = await certificateFor(peer, `forged ${i}`)
      one[5] = (one[5] as number) ^ 1
      return one
    }),
  )
  gossip.publish(topic, ...forgeries)
  await waitUntil(() => connection.status !== 'open', { what: 'the forger to be cut off', timeoutMs: 8_000 })
  expect(alice.node.knownNodes()).toHaveLength(3)
}, 30_000)
