import type { PastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import type { MemberRegistry } from '../src/index.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const alice = seededSigner('alice')

/** Certifies everybody; what alice writes is taken only when she is admitted. */
class Admission implements MemberRegistry {
  isAdmitted = true
  async start() {}
  async stop() {}
  memberAt(pastelId: PastelId) {
    return this.isAdmitted || pastelId !== alice.pastelId ? { pastelId, role: 'member' } : undefined
  }
}

function prune({ store }: TestNode) {
  return store.prune({ receivedBeforeMs: Number.POSITIVE_INFINITY, maxBytes: 1e12, own: alice.publicKey })
}

test('what a reader does not take stays pinned, until it has it', async () => {
  const writer = await startNode({ identity: 'alice', signer: alice })
  const registry = new Admission()
  const bob = await startNode({ identity: 'bob', registry, syncIntervalMs: 20 })
  await connect(bob, writer)
  registry.isAdmitted = false
  for (const text of ['one', 'two', 'three']) await writer.node.publish('test', { text })
  // Gossip brought each; log sync tried more than once.
  await waitUntil(() => bob.node.counters.dropped['not-a-member'] >= 3 + 2 * 3, { what: 'vain attempts' })
  expect(await prune(writer)).toMatchObject({ entries: 0, pinned: 2 })
  registry.isAdmitted = true
  await waitUntil(() => bob.store.end === 3, { what: 'bob to have it' })
  await waitUntil(async () => (await prune(writer)).pinned === 0, { what: 'nothing to be pinned' })
  expect(writer.store.floor).toBe(2)
})

test.each([
  ['the holder itself', 'mallory', undefined],
  ['somebody else', 'carol', 1],
] as const)('what does not come and was written by %s: stored up to %s', async (_who, identity, position) => {
  const holder = new BatchHolder([await new LogWriter({ identity }).write()])
  holder.ranges = ({ id, ranges }) => [
    { kind: 'ranges', id, batches: [], denied: ranges, pruned: [], done: true },
  ]
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 20 })
  await joinHolder(bob, holder)
  await waitUntil(() => holder.headsRequests().length > 5, { what: 'some passes' })
  expect(holder.headsRequests().at(-1)?.from?.position).toBe(1)
  expect(holder.headsRequests().at(-1)?.stored?.position).toBe(position)
})

test('what was stored of an order says nothing of the one after it', async () => {
  const holder = new BatchHolder([await new LogWriter({ identity: 'mallory' }).write()])
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 20 })
  await joinHolder(bob, holder)
  await waitUntil(() => holder.headsRequests().at(-1)?.stored !== undefined, { what: 'bob to have it' })
  holder.batches = [await new LogWriter({ identity: 'mallory', runs: 'restored' }).write()]
  holder.ranges = ({ id, ranges }) => [
    { kind: 'ranges', id, batches: [], denied: ranges, pruned: [], done: true },
  ]
  holder.heads = ({ from: _, ...request }) => [{ ...holder.honestHeads(request), reset: true }]
  await waitUntil(() => bob.node.counters.sync.denied > 0, { what: 'bob to lack something' })
  const before = holder.headsRequests().length
  await waitUntil(() => holder.headsRequests().length > before + 2, { what: 'some passes' })
  expect(holder.headsRequests().at(-1)?.stored).toBeUndefined()
})
