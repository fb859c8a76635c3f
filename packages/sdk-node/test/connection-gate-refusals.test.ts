import { encodePastelId } from '@pastel-mesh/identity'
import { type Certificate, MAX_CERTIFICATE_FRAME_BYTES } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { generateNodeKey, type MemberRegistry } from '../src/index.ts'
import { CertificateExchange, type RawGossipPeer } from './fixtures/attackers.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const stranger = seededSigner('stranger').pastelId
const registry: MemberRegistry = {
  start: async () => {},
  stop: async () => {},
  memberAt: (pastelId) => (pastelId === stranger ? undefined : { pastelId, role: 'member' }),
}

const HOUR_MS = 3_600_000

/** Shows something on a new connection. @returns what each end says of it */
async function show(present: (exchange: CertificateExchange, peer: RawGossipPeer) => Promise<void>) {
  const node = await GossipNode.start({ identity: 'alice', registry })
  const peer = await startRawPeer()
  const connection = await peer.dial(node.address)
  const exchange = await CertificateExchange.open(connection)
  await present(exchange, peer)
  const told = await exchange.read().catch(() => undefined)
  await waitUntil(() => node.refusals.length > 0, { what: 'a refusal' })
  await waitUntil(() => connection.status !== 'open', { what: 'the connection to be closed' })
  expect(node.certified).toEqual([])
  expect(node.refusals).toHaveLength(1)
  const [{ peerId, by, reason } = {}] = node.refusals
  expect({ peerId, by }).toEqual({ peerId: peer.peerId, by: 'us' })
  return { reason, told: told?.reason }
}

function changed(change: Partial<Certificate>, identity?: string) {
  return show(async (exchange, peer) => {
    const certificate = await certificateFor(peer, identity, change)
    await exchange.write({ certificate, verdict: 'none', reason: '' })
  })
}

function refusedAs(reason: string) {
  return { reason, told: reason }
}

describe('a certificate is refused, and both ends know why', () => {
  test('of somebody who is no member', async () => {
    expect(await changed({}, 'stranger')).toEqual(refusedAs('not-a-member'))
  })

  test('of another network', async () => {
    expect(await changed({ network: 'othernet' })).toEqual(refusedAs('other-network'))
  })

  test('that has expired', async () => {
    const now = Date.now()
    const times = { notBeforeMs: now - HOUR_MS, notAfterMs: now - 1, serial: now - HOUR_MS }
    expect(await changed(times)).toEqual(refusedAs('expired'))
  })

  test('that is not valid yet', async () => {
    const now = Date.now()
    const times = { notBeforeMs: now + HOUR_MS, notAfterMs: now + 2 * HOUR_MS }
    expect(await changed(times)).toEqual(refusedAs('from-the-future'))
  })

  test('with a serial that would outlive those of many years', async () => {
    expect(await changed({ serial: Date.now() + HOUR_MS })).toEqual(refusedAs('from-the-future'))
  })

  test('that was stolen: it is good, but of another node', async () => {
    const victim = { nodeKey: await generateNodeKey() }
    const result = await show(async (exchange) => {
      await exchange.write({ certificate: await certificateFor(victim), verdict: 'none', reason: '' })
    })
    expect(result).toEqual(refusedAs('other-key'))
  })

  test('that names the own node key but is signed by another PastelID', async () => {
    const subject = seededSigner('somebody else').publicKey
    expect(encodePastelId(subject)).not.toBe(seededSigner('mallory').pastelId)
    expect(await changed({ subject })).toEqual(refusedAs('malformed'))
  })

  test('with a byte changed, cut off, or absent', async () => {
    const spoil = [
      (bytes: Uint8Array) => bytes.with(300, (bytes[300] as number) ^ 1),
      (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1),
      () => undefined,
    ]
    for (const change of spoil) {
      const result = await show(async (exchange, peer) => {
        const certificate = change(await certificateFor(peer))
        await exchange.write({ ...(certificate && { certificate }), verdict: 'none', reason: '' })
      })
      expect(result).toEqual(refusedAs('malformed'))
    }
  })

  test('garbage instead of a frame, and a frame that is too large', async () => {
    const frames = [new Uint8Array(100).fill(255), new Uint8Array(MAX_CERTIFICATE_FRAME_BYTES + 1)]
    for (const frame of frames) {
      const { reason } = await show((exchange) => exchange.writeBytes(frame))
      expect(reason).toBe('malformed')
    }
  })
})
