import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { connect, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter } from './fixtures/testkit.ts'

const NEVER_MS = 3_600_000

/** Runs that follow each other, each of single-message batches. */
async function write(runs: number, batchesARun: number): Promise<SignedBatch[]> {
  const writer = new LogWriter({ identity: 'carol' })
  const batches: SignedBatch[] = []
  for (let run = 0; run < runs; run += 1) {
    writer.newRun()
    for (let i = 0; i < batchesARun; i += 1) batches.push(await writer.write())
  }
  return batches
}

const holding = (identity: string, batches: readonly SignedBatch[]) =>
  startNode({ identity, syncIntervalMs: NEVER_MS, prepare: (store) => appendAll(store, batches) })

function expectNothingHeld({ node: { counters } }: TestNode, batches: number): void {
  expect(counters.received).toMatchObject({ batches, held: 0 })
  expect(counters.dropped.gap).toBe(0)
  expect(counters.sync.deferred).toBe(0)
}

test('runs that follow each other come in their order from one holder', async () => {
  const batches = await write(40, 10)
  const alice = await holding('alice', batches)
  const bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await stores(bob, batches.length)
  expectNothingHeld(bob, batches.length)
})

test('more runs than one request names come in their order from several holders', async () => {
  const batches = await write(300, 2)
  const holders = [
    await holding('alice', batches),
    await holding('dave', batches),
    await holding('erin', batches),
  ]
  const bob = await startNode({ identity: 'bob' })
  await Promise.all(holders.map((holder) => connect(bob, holder)))
  await stores(bob, batches.length)
  expectNothingHeld(bob, batches.length)
  expect(bob.node.counters.verifications).toBe(batches.length)
})
