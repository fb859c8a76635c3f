import { expect, test } from 'vitest'
import type { MemberRegistry } from '../src/members/member-registry.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { batchRates, forged, freshWriter, type Inbound, openInbound, stored } from './fixtures/inbound.ts'
import { openStore } from './fixtures/storage.ts'

const NOBODY: MemberRegistry = { start: async () => {}, stop: async () => {}, memberAt: () => undefined }
const BODIES = [new Uint8Array(256 * 1024), new Uint8Array(250 * 1024)]

test('above the bound gossip is ignored, sync is not; when the disk is done there is room again', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, sync, pipeline, store, counters } = await openInbound({
    store: await openStore({ database }),
  })
  const writer = freshWriter()
  const release = database.holdWrites()
  const receiving: Promise<unknown>[] = []
  let accepted = 0
  for (let i = 0; i < 70; i += 1) {
    const { envelope } = await writer.write({ bodies: BODIES })
    const verdict = await gossip(envelope)
    if (verdict.action === 'accept') {
      accepted += 1
      receiving.push(stored(Promise.resolve(verdict)))
      continue
    }
    expect(verdict).toEqual({ action: 'ignore', reason: 'overload' })
    expect(pipeline.bytesInFlight).toBeGreaterThan(31 * 1024 * 1024)
    receiving.push(stored(sync(envelope)))
    break
  }
  expect(counters.dropped.overload).toBe(1)
  expect(accepted).toBeGreaterThan(60)
  release()
  await Promise.all(receiving)
  expect(pipeline.bytesInFlight).toBe(0)
  expect(store.end).toBe(2 * (accepted + 1))
  await stored(gossip((await writer.write({ bodies: BODIES })).envelope))
})

test('a batch of many empty messages counts for what they take once they are read', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, pipeline } = await openInbound({ store: await openStore({ database }) })
  const release = database.holdWrites()
  const bodies = Array.from({ length: 512 }, () => new Uint8Array(0))
  const { envelope } = await freshWriter().write({ bodies })
  const receiving = stored(gossip(envelope))
  await database.happened('write begun', 2)
  expect(pipeline.expandedBytes).toBe(512 * 256)
  release()
  await receiving
  expect(pipeline.expandedBytes).toBe(0)
})

const paths: [
  what: string,
  options: Parameters<typeof openInbound>[0],
  act: (inbound: Inbound) => Promise<unknown>,
][] = [
  ['malformed', {}, ({ gossip }) => gossip(new Uint8Array(500))],
  ['too large', {}, ({ gossip }) => gossip(new Uint8Array(600 * 1024))],
  ['bad signature', {}, async ({ gossip }) => gossip(forged(await freshWriter().write()))],
  ['no member', { registry: NOBODY }, async ({ gossip }) => gossip((await freshWriter().write()).envelope)],
  [
    'over the peer rate',
    { peerRates: batchRates(0.5) },
    async ({ gossip }) => {
      for (let i = 0; i < 3; i += 1) await gossip(new Uint8Array(200 + i))
    },
  ],
  [
    'over the sender rate',
    { senderRates: batchRates(1) },
    async ({ gossip }) => {
      const writer = freshWriter()
      for (let i = 0; i < 3; i += 1) await stored(gossip((await writer.write()).envelope))
    },
  ],
  [
    'accepted, and known',
    {},
    async ({ gossip }) => {
      const { envelope } = await freshWriter().write()
      for (let i = 0; i < 3; i += 1) await stored(gossip(envelope))
    },
  ],
  [
    'gap',
    {},
    async ({ gossip }) => {
      const writer = freshWriter()
      await writer.write()
      await stored(gossip((await writer.write()).envelope))
    },
  ],
  [
    'conflict',
    {},
    async ({ gossip }) => {
      const writer = freshWriter()
      const other = await writer.fork().write({ bodies: [Buffer.from('another')] })
      await stored(gossip((await writer.write()).envelope))
      await gossip(other.envelope)
    },
  ],
]

test.each(paths)('nothing stays in flight: %s', async (_what, options, act) => {
  const inbound = await openInbound(options)
  await act(inbound)
  expect(inbound.pipeline.bytesInFlight).toBe(0)
})

test('nothing stays in flight: the registry throws', async () => {
  const broken: MemberRegistry = {
    start: async () => {},
    stop: async () => {},
    memberAt() {
      throw new Error('broken')
    },
  }
  const { gossip, pipeline } = await openInbound({ registry: broken })
  await expect(gossip((await freshWriter().write()).envelope)).rejects.toThrow('broken')
  expect(pipeline.bytesInFlight).toBe(0)
})

test('when all is settled nothing is in flight', async () => {
  const { gossip, pipeline, store } = await openInbound()
  const writer = freshWriter()
  const batches = []
  for (let i = 0; i < 20; i += 1) batches.push(await writer.write())
  for (const { envelope } of batches) void gossip(envelope)
  expect(pipeline.bytesInFlight).toBeGreaterThan(0)
  await pipeline.settled()
  expect(pipeline.bytesInFlight).toBe(0)
  expect(store.end).toBe(20)
  await pipeline.settled()
})
