import { expect, test } from 'vitest'
import type { MemberRegistry } from '../src/members/member-registry.ts'
import { batchRates, forged, freshWriter, openInbound, stored } from './fixtures/inbound.ts'

test('what is out of bounds is refused before the peer is charged', async () => {
  const { gossip } = await openInbound({ peerRates: batchRates(1) })
  for (let i = 0; i < 3; i += 1) await gossip(new Uint8Array(600 * 1024))
  expect(await stored(gossip((await freshWriter().write()).envelope))).toMatchObject({ action: 'accept' })
})

test('a duplicate is not charged to the peer', async () => {
  const { gossip } = await openInbound({ peerRates: batchRates(2) })
  const writer = freshWriter()
  const first = await writer.write()
  await stored(gossip(first.envelope))
  for (let i = 0; i < 3; i += 1) {
    expect(await gossip(first.envelope)).toEqual({ action: 'ignore', reason: 'duplicate' })
  }
  expect(await stored(gossip((await writer.write()).envelope))).toMatchObject({ action: 'accept' })
})

test('the peer is charged before anything is decoded', async () => {
  const { gossip } = await openInbound({ peerRates: batchRates(1) })
  expect(await gossip(new Uint8Array(500))).toEqual({ action: 'reject', reason: 'malformed' })
  expect(await gossip(new Uint8Array(501))).toEqual({ action: 'ignore', reason: 'peer-rate' })
})

test('membership comes before the signature', async () => {
  const nobody: MemberRegistry = { start: async () => {}, stop: async () => {}, memberAt: () => undefined }
  const { gossip, counters } = await openInbound({ registry: nobody })
  expect(await gossip(forged(await freshWriter().write()))).toEqual({
    action: 'ignore',
    reason: 'not-a-member',
  })
  expect(counters.verifications).toBe(0)
})

test('membership is asked for the present, and of what sync brings for its time too, under the id that signs', async () => {
  const asked: [string, number][] = []
  const registry: MemberRegistry = {
    start: async () => {},
    stop: async () => {},
    memberAt(pastelId, timeMs) {
      asked.push([pastelId, timeMs])
      return { pastelId, role: 'member' }
    },
  }
  const { sync } = await openInbound({ registry })
  const writer = freshWriter({ startedAtMs: Date.now() - 86_400_000 })
  const before = Date.now()
  const { envelope, batch } = await writer.write()
  await stored(sync(envelope))
  expect(new Set(asked.map(([pastelId]) => pastelId))).toEqual(new Set([writer.signer.pastelId]))
  expect(asked[0]?.[1]).toBeGreaterThanOrEqual(before)
  expect(asked[1]?.[1]).toBe(batch.createdAtMs)
})

test('a stored batch under another signature is ignored, not verified', async () => {
  const { gossip, sync, store, counters } = await openInbound()
  const signed = await freshWriter().write()
  await stored(gossip(signed.envelope))
  expect(counters.verifications).toBe(1)
  // Another pipeline on the same store has no memory of it.
  const second = await openInbound({ store })
  expect(await second.gossip(forged(signed))).toEqual({ action: 'ignore', reason: 'duplicate' })
  expect(await gossip(forged(signed))).toEqual({ action: 'ignore', reason: 'duplicate' })
  expect(await sync(forged(signed))).toEqual({ action: 'ignore', reason: 'duplicate' })
  expect(second.counters.verifications + counters.verifications).toBe(1)
})

test('a sender pays for what is verified, not for what others forge', async () => {
  const { gossip, counters } = await openInbound({ senderRates: batchRates(1) })
  const writer = freshWriter()
  const first = await writer.write()
  for (let i = 1; i < 4; i += 1) {
    expect(await gossip(forged(first, i))).toEqual({ action: 'reject', reason: 'signature' })
  }
  expect(await stored(gossip(first.envelope))).toMatchObject({ action: 'accept' })
  expect(await gossip((await writer.write()).envelope)).toEqual({ action: 'ignore', reason: 'sender-rate' })
  expect(counters.verifications).toBe(5)
})

test('the sender is charged before its log is looked at', async () => {
  const { gossip } = await openInbound({ senderRates: batchRates(1) })
  const writer = freshWriter()
  const other = await writer.fork().write({ bodies: [Buffer.from('another')] })
  await stored(gossip((await writer.write()).envelope))
  expect(await gossip(other.envelope)).toEqual({ action: 'ignore', reason: 'sender-rate' })
})
