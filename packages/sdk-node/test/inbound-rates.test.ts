import { expect, test } from 'vitest'
import { batchRates, freshWriter, openInbound, stored } from './fixtures/inbound.ts'

const rates = { peerRates: batchRates(1), senderRates: batchRates(1) }

test.each(['peerRates', 'senderRates'] as const)('over a rate gossip is ignored: %s', async (which) => {
  const { gossip, counters, store } = await openInbound({ [which]: rates[which] })
  const writer = freshWriter()
  await stored(gossip((await writer.write()).envelope))
  const reason = which === 'peerRates' ? 'peer-rate' : 'sender-rate'
  const second = await writer.write()
  expect(await gossip(second.envelope)).toEqual({ action: 'ignore', reason })
  expect(counters.dropped[reason]).toBe(1)
  expect(store.end).toBe(1)
})

test.each(['peerRates', 'senderRates'] as const)(
  'over a rate sync is deferred, not lost: %s',
  async (which) => {
    const { sync, store, counters } = await openInbound({ [which]: batchRates(2, 50) })
    const writer = freshWriter()
    const batches = []
    for (let i = 0; i < 12; i += 1) batches.push(await writer.write())
    const began = performance.now()
    await Promise.all(batches.map(({ envelope }) => stored(sync(envelope))))
    // Two at once, the ten others at fifty a second.
    expect(performance.now() - began).toBeGreaterThan(150)
    expect(store.end).toBe(12)
    expect(counters.received.sync).toBe(12)
  },
)

test('what gossip ignored over the rate comes by sync afterwards', async () => {
  const { gossip, sync, store } = await openInbound({ peerRates: batchRates(1, 50) })
  const writer = freshWriter()
  const [first, second] = [await writer.write(), await writer.write()]
  // At once: while the first is written to the disk the next one's time may come.
  const receiving = stored(gossip(first.envelope))
  expect(await gossip(second.envelope)).toEqual({ action: 'ignore', reason: 'peer-rate' })
  await receiving
  await stored(sync(second.envelope))
  expect(store.end).toBe(2)
})

test.each(['peerRates', 'senderRates'] as const)('a deferred batch can be given up: %s', async (which) => {
  const { sync, store, pipeline } = await openInbound({ [which]: rates[which] })
  const writer = freshWriter()
  const abort = new AbortController()
  await stored(sync((await writer.write()).envelope))
  const second = await writer.write()
  const waiting = sync(second.envelope, { signal: abort.signal })
  abort.abort(new Error('the peer is gone'))
  await expect(waiting).rejects.toThrow()
  expect(pipeline.bytesInFlight).toBe(0)
  // The place that it held in its log's line is free again.
  const third = freshWriter({ identity: 'bob' })
  await stored(sync((await third.write()).envelope, { peer: 'another' }))
  expect(store.end).toBe(2)
})

test('each peer and each sender has its own rate', async () => {
  const { gossip, store } = await openInbound({ peerRates: batchRates(1), senderRates: batchRates(1) })
  for (const identity of ['alice', 'bob', 'carol']) {
    const { envelope } = await freshWriter({ identity }).write()
    expect(await stored(gossip(envelope, { peer: identity }))).toMatchObject({ action: 'accept' })
  }
  expect(store.end).toBe(3)
})

test('a batch that gossip refused over a rate costs its sender nothing', async () => {
  const { gossip } = await openInbound({
    peerRates: batchRates(1),
    senderRates: batchRates(2),
  })
  const writer = freshWriter()
  const [first, second] = [await writer.write(), await writer.write()]
  await stored(gossip(first.envelope, { peer: 'one' }))
  expect(await gossip(second.envelope, { peer: 'one' })).toEqual({ action: 'ignore', reason: 'peer-rate' })
  expect(await stored(gossip(second.envelope, { peer: 'two' }))).toMatchObject({ action: 'accept' })
})

test('who leaves the same batch again and again is charged for it before it is looked at', async () => {
  const { pipeline, counters, store } = await openInbound({ peerRates: batchRates(2) })
  const { envelope } = await freshWriter().write()
  const decoded: unknown[] = []
  const abort = new AbortController()
  const leave = () =>
    pipeline.receive(envelope, {
      via: 'direct',
      peer: 'peer',
      signal: abort.signal,
      admit: (signed) => {
        decoded.push(signed)
        return { carried: false }
      },
    })
  await stored(leave())
  expect(await leave()).toEqual({ action: 'ignore', reason: 'duplicate' })
  const third = leave()
  abort.abort(new Error('enough'))
  await expect(third).rejects.toThrow('aborted')
  expect(decoded).toHaveLength(1)
  expect(counters.dropped.duplicate).toBe(1)
  expect(store.end).toBe(1)
})
