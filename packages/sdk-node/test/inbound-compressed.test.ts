import { compressPayload, encodePayload, type SignedBatch, toWireMessage } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { batchRates, freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { batchesOf, openStore } from './fixtures/storage.ts'
import { type LogWriter, waitUntil } from './fixtures/testkit.ts'

/** What the pipeline decompresses at a time, and batches of which that is less than half. */
const MAX_EXPANDED_BYTES = 32 * 1024 * 1024
const COUNT = 150

/** Half a megabyte of messages in some hundred bytes. */
const payload = encodePayload([
  toWireMessage({ bytes: new Uint8Array(256 * 1024) }, 5),
  toWireMessage({ bytes: new Uint8Array(250 * 1024) }, 5),
])
/** What two messages count for beside their bytes. */
const MESSAGES_BYTES = 2 * 256
const small = compressPayload(payload) as Uint8Array<ArrayBuffer>

const writeSmall = (writer: LogWriter) => writer.write({ count: 2, change: { encoding: 1, payload: small } })

test('a compressed batch is taken in like any other, once', async () => {
  const { gossip, sync, store, counters } = await openInbound()
  const { envelope } = await writeSmall(freshWriter())
  expect(envelope.length).toBeLessThan(1000)
  expect(await stored(gossip(envelope))).toMatchObject({ action: 'accept' })
  expect(await sync(Uint8Array.from(envelope))).toEqual({ action: 'ignore', reason: 'duplicate' })
  const [batch] = await batchesOf(store.read())
  expect(batch?.messages().map(({ body }) => body.length)).toEqual([256 * 1024, 250 * 1024])
  expect(counters.received).toEqual({ batches: 1, messages: 2, gossip: 1, sync: 0, direct: 0, held: 0 })
})

test('one that cannot be decompressed is rejected before its signature is looked at', async () => {
  const { gossip, sync, counters } = await openInbound()
  const envelope = Uint8Array.from((await writeSmall(freshWriter())).envelope)
  // Its content size: another than what comes out.
  const at = envelope.length - small.length + 5
  envelope[at] = (envelope[at] as number) ^ 1
  expect(await gossip(envelope)).toEqual({ action: 'reject', reason: 'malformed' })
  expect(await sync(envelope)).toEqual({ action: 'reject', reason: 'malformed' })
  expect(counters.verifications).toBe(0)
})

test('peer and sender are charged for what it holds, not for what it is', async () => {
  const bytes = { perSecond: 0.001, burst: 800 * 1024 }
  const { batches } = batchRates(1000)
  const peer = await openInbound({ peerRates: { bytes, batches } })
  const writer = freshWriter()
  expect(await stored(peer.gossip((await writeSmall(writer)).envelope))).toMatchObject({ action: 'accept' })
  expect(await peer.gossip((await writeSmall(writer)).envelope)).toEqual({
    action: 'ignore',
    reason: 'peer-rate',
  })
  const sender = await openInbound({ senderRates: { bytes, batches } })
  const another = freshWriter()
  expect(await stored(sender.gossip((await writeSmall(another)).envelope))).toMatchObject({
    action: 'accept',
  })
  expect(await sender.gossip((await writeSmall(another)).envelope, { peer: 'other' })).toEqual({
    action: 'ignore',
    reason: 'sender-rate',
  })
})

test('what is decompressed at a time is bounded: gossip is ignored, sync waits its turn', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, sync, pipeline, store } = await openInbound({ store: await openStore({ database }) })
  const writer = freshWriter()
  const batches: SignedBatch[] = []
  for (let i = 0; i < COUNT; i += 1) batches.push(await writeSmall(writer))
  const last = await writeSmall(writer)
  const release = database.holdWrites()
  let most = 0
  const receiving = batches.map(async ({ envelope }) => {
    await stored(sync(envelope))
    most = Math.max(most, pipeline.expandedBytes)
  })
  await waitUntil(() => pipeline.expandedBytes + payload.length + MESSAGES_BYTES > MAX_EXPANDED_BYTES, {
    what: 'the room to be taken',
  })
  expect(pipeline.expandedBytes).toBeLessThanOrEqual(MAX_EXPANDED_BYTES)
  expect(await gossip(last.envelope)).toEqual({ action: 'ignore', reason: 'overload' })
  release()
  await Promise.all(receiving)
  expect(most).toBeLessThanOrEqual(MAX_EXPANDED_BYTES)
  expect(pipeline.expandedBytes).toBe(0)
  expect(store.end).toBe(2 * COUNT)
  expect(await stored(gossip(last.envelope))).toMatchObject({ action: 'accept' })
})
