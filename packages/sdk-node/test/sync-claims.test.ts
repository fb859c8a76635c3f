import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { RangeClaims } from '../src/sync/range-claims.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { startNode, stores } from './fixtures/nodes.ts'
import { LogWriter } from './fixtures/testkit.ts'

async function manyBatches(count: number): Promise<SignedBatch[]> {
  const batches: SignedBatch[] = []
  for (const identity of ['carol', 'dave', 'erin']) {
    const writer = new LogWriter({ identity })
    for (let i = 0; i < count; i += 1) batches.push(await writer.write())
  }
  return batches
}

test('a log has one owner at a time, for a while', () => {
  const claims = new RangeClaims()
  const [log, other] = [new LogWriter({ identity: 'a' }).log, new LogWriter({ identity: 'b' }).log]
  const [one, two] = [{}, {}]
  expect(claims.take(log, one, 0)).toBe(true)
  expect(claims.take(log, one, 1000)).toBe(true)
  expect(claims.take(log, two, 1000)).toBe(false)
  expect(claims.take(other, two, 1000)).toBe(true)
  claims.release(log, two)
  expect(claims.take(log, two, 2000)).toBe(false)
  // Asking again and again does not make it longer.
  expect(claims.take(log, two, 5000)).toBe(true)
  expect(claims.take(log, one, 5001)).toBe(false)
  claims.release(log, two)
  expect(claims.take(log, one, 5002)).toBe(true)
})

test('what several peers have is fetched from one of them', async () => {
  const batches = await manyBatches(100)
  const bob = await startNode({ identity: 'bob' })
  const holders = [0, 1, 2, 3].map(() => new BatchHolder(batches))
  let sent = 0
  for (const holder of holders) {
    holder.ranges = (request) => {
      const answer = holder.honestRanges(request)
      sent += answer.batches.length
      return [answer]
    }
  }
  await Promise.all(holders.map((holder, i) => joinHolder(bob, holder, `holder ${i}`)))
  await stores(bob, 300)
  expect(sent).toBe(300)
})

test('a peer that announces and does not bring holds up nobody for long', async () => {
  const batches = await manyBatches(10)
  const bob = await startNode({ identity: 'bob' })
  const silent = new BatchHolder(batches)
  const asked = Promise.withResolvers<void>()
  silent.ranges = async function* (request) {
    asked.resolve()
    await new Promise<void>(() => {})
    yield silent.honestRanges(request)
  }
  await joinHolder(bob, silent)
  await asked.promise
  await joinHolder(bob, new BatchHolder(batches), 'honest')
  await stores(bob, 30)
})
