import { decodeLogId, type LogId, type LogRange, type SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { LostRequests } from '../src/sync/lost-requests.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { loseBefore } from './fixtures/lose.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { startNode } from './fixtures/nodes.ts'
import { appendAll, openStore } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const carol = seededSigner('carol')

/** A store in which the beginning of some logs was lost, and a peer that denies all but some. */
async function openLost(logs: number) {
  const store = await openStore()
  const writers: LogWriter[] = []
  for (let i = 0; i < logs; i += 1) {
    const writer = new LogWriter({ identity: 'carol', runs: `${i}` }, carol)
    await writer.write()
    await loseBefore(store, await writer.write())
    writers.push(writer)
  }
  const asked: LogRange[][] = []
  let nowMs = 0
  const peer = { again: new Set<LogId>() }
  const fetch = async (ranges: readonly LogRange[]) => {
    asked.push([...ranges])
    return peer.again
  }
  return {
    store,
    writers,
    peer,
    requests: new LostRequests({ store, fetch, now: () => nowMs }),
    pass(ms: number) {
      nowMs += ms
    },
    /** What was asked for since the last look. */
    taken: () => asked.splice(0),
  }
}

test('all that was lost is asked for once, however much, and then that of any log that is announced', async () => {
  const { requests, writers, taken, pass } = await openLost(300)
  await requests.pass()
  const requested = taken()
  expect(requested.map(({ length }) => length)).toEqual([256, 44])
  expect(new Set(requested.flat().map(({ log }) => log))).toEqual(new Set(writers.map(({ log }) => log)))
  await requests.pass()
  expect(taken()).toEqual([])
  pass(1000)
  for (const { log } of writers) {
    requests.announced([log])
    await requests.pass()
    expect(taken()).toEqual([[{ log, first: 0, last: 0 }]])
  }
})

test('a log of which nothing was stored waits longer and longer, however often it is announced', async () => {
  const { requests, writers, taken, pass } = await openLost(1)
  const { log } = writers[0] as LogWriter
  const times: number[] = []
  for (let second = 0; second < 100; second += 1) {
    requests.announced([log])
    await requests.pass()
    if (taken().length > 0) times.push(second)
    pass(1000)
  }
  expect(times).toEqual([0, 1, 3, 7, 15, 31, 63])
})

test('what is announced while it waits is asked for when the pause is over', async () => {
  const { requests, writers, taken, pass } = await openLost(1)
  await requests.pass()
  requests.announced([(writers[0] as LogWriter).log])
  await requests.pass()
  expect(taken()).toHaveLength(1)
  pass(1000)
  await requests.pass()
  expect(taken()).toHaveLength(1)
})

test('while something is stored the rest is asked for at once, and for a bounded number of times', async () => {
  const { requests, writers, peer, taken } = await openLost(1)
  peer.again.add((writers[0] as LogWriter).log)
  await requests.pass()
  expect(taken()).toHaveLength(16)
  peer.again.clear()
  await requests.pass()
  expect(taken()).toHaveLength(1)
})

test('a frozen log is not asked for', async () => {
  const { requests, writers, store, taken } = await openLost(1)
  const writer = writers[0] as LogWriter
  const fork = writer.fork()
  await appendAll(store, [await writer.write()])
  const placement = await store.place(await fork.write({ count: 2 }))
  if (placement.status === 'conflict') await placement.committed
  expect((await store.log(writer.log, decodeLogId(writer.log)))?.isFrozen).toBe(true)
  await requests.pass()
  expect(taken()).toEqual([])
})

test('a peer that brings of a lost range what is not taken is not asked for it with every batch', async () => {
  const writer = new LogWriter({ identity: 'carol', startedAtMs: Date.now() - 60_000 }, carol)
  const tooOld = await writer.write({ change: { createdAtMs: 1000 } })
  const next = await writer.write()
  const bob = await startNode({
    identity: 'bob',
    syncIntervalMs: 20,
    prepare: (store) => loseBefore(store, next),
  })
  const batches: SignedBatch[] = [tooOld, next]
  const holder = new BatchHolder(batches)
  await joinHolder(bob, holder)
  for (let i = 1; i <= 10; i += 1) {
    batches.push(await writer.write())
    await waitUntil(() => bob.store.end === 2 + i, { what: 'the new batch' })
  }
  const inVain = holder
    .rangesRequests()
    .filter(({ ranges }) => ranges.some(({ log, first }) => log === tooOld.log && first === 0))
  expect(inVain.length).toBeGreaterThan(0)
  expect(inVain.length).toBeLessThan(6)
})
