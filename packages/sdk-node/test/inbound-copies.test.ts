import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { forged, freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { openStore } from './fixtures/storage.ts'

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i))

test('however many copies come at once, one is verified and one is stored', async () => {
  const { gossip, sync, counters, store } = await openInbound()
  const { envelope } = await freshWriter().write({ count: 3 })
  const verdicts = await Promise.all(
    times(60, (i) => stored((i % 3 === 0 ? sync : gossip)(Uint8Array.from(envelope), { peer: `peer ${i}` }))),
  )
  expect(verdicts.filter(({ action }) => action === 'accept')).toHaveLength(1)
  expect(verdicts.filter((verdict) => 'reason' in verdict && verdict.reason === 'duplicate')).toHaveLength(59)
  expect(counters.verifications).toBe(1)
  expect(store.end).toBe(3)
  expect(counters.dropped.duplicate).toBe(59)
})

test('a forger who comes first does not keep the true batch out', async () => {
  const { gossip, store } = await openInbound()
  const signed = await freshWriter().write()
  for (let i = 1; i < 5; i += 1) {
    expect(await gossip(forged(signed, i))).toEqual({ action: 'reject', reason: 'signature' })
  }
  expect(await stored(gossip(signed.envelope))).toMatchObject({ action: 'accept' })
  expect(store.end).toBe(1)
})

test('a forger who comes at the same time does not either', async () => {
  const { gossip, store } = await openInbound()
  const signed = await freshWriter().write()
  const before = times(20, (i) => gossip(forged(signed, i + 1)))
  const truth = stored(gossip(signed.envelope))
  const after = times(20, (i) => gossip(forged(signed, i + 101)))
  expect(await truth).toMatchObject({ action: 'accept' })
  for (const verdict of await Promise.all(before)) {
    expect(verdict).toEqual({ action: 'reject', reason: 'signature' })
  }
  for (const verdict of await Promise.all(after)) {
    expect(verdict).toEqual({ action: 'ignore', reason: 'duplicate' })
  }
  expect(store.end).toBe(1)
})

test('a copy that was given up does not take the others with it', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, sync, store } = await openInbound({ store: await openStore({ database }) })
  const signed = await freshWriter().write()
  const abort = new AbortController()
  abort.abort(new Error('the peer is gone'))
  // A rate that is never reached again: the first copy waits for it, and is given up.
  const slow = await openInbound({
    store,
    peerRates: { bytes: { perSecond: 1, burst: 1 }, batches: { perSecond: 1, burst: 1 } },
  })
  await stored(slow.sync((await freshWriter({ identity: 'bob' }).write()).envelope))
  const first = slow.sync(signed.envelope, { signal: abort.signal })
  const second = slow.gossip(Uint8Array.from(signed.envelope), { peer: 'another' })
  await expect(first).rejects.toThrow()
  expect(await stored(second)).toMatchObject({ action: 'accept' })
  expect(await gossip(signed.envelope)).toEqual({ action: 'ignore', reason: 'duplicate' })
  expect(await sync(signed.envelope)).toEqual({ action: 'ignore', reason: 'duplicate' })
})

test('copies that wait for one that is being taken in count as bytes in flight', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, pipeline } = await openInbound({ store: await openStore({ database }) })
  const signed = await freshWriter().write({ bodies: [new Uint8Array(200_000)] })
  const held = database.holdReads()
  const copies = times(10, (i) => gossip(forged(signed, i + 1)))
  await database.happened('read held')
  expect(pipeline.bytesInFlight).toBe(10 * signed.envelope.length)
  held.release()
  await Promise.all(copies)
  expect(pipeline.bytesInFlight).toBe(0)
})
