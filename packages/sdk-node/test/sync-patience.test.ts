import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import type { MemberRegistry } from '../src/index.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, hears, numbered, startNode, stores } from './fixtures/nodes.ts'
import { appendAll, collect } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

/** Everybody but some, until they are admitted. */
class Admission implements MemberRegistry {
  readonly barred = new Set<string>()
  async start() {}
  async stop() {}
  memberAt(pastelId: Parameters<MemberRegistry['memberAt']>[0]) {
    return this.barred.has(pastelId) ? undefined : { pastelId, role: 'member' }
  }
}

const carol = seededSigner('carol')

/** More of one sender than an answer carries: large batches, and more logs than one request asks for. */
async function carolsBatches(): Promise<SignedBatch[]> {
  const large = new Uint8Array(250 * 1024)
  const batches: SignedBatch[] = []
  const writer = new LogWriter({ identity: 'carol' }, carol)
  for (let i = 0; i < 6; i += 1) batches.push(await writer.write({ bodies: [large, large] }))
  for (let i = 0; i < 300; i += 1) {
    batches.push(await new LogWriter({ identity: 'carol', runs: `${i}` }, carol).write())
  }
  return batches
}

test('batches that are refused do not keep out those behind them, and come when they are taken', async () => {
  const batches = await carolsBatches()
  const dave = new LogWriter({ identity: 'dave' })
  const daves = [await dave.write(), await dave.write()]
  const alice = await startNode({
    identity: 'alice',
    prepare: (store) => appendAll(store, [...batches, ...daves]),
  })
  const registry = new Admission()
  registry.barred.add(carol.pastelId)
  const bob = await startNode({ identity: 'bob', registry })
  await connect(bob, alice)
  await stores(bob, 2)
  expect(bob.store.end).toBe(2)
  registry.barred.clear()
  await waitUntil(() => bob.store.end === 2 + 12 + 300, { what: 'what carol wrote to be stored' })
  expect(bob.errors).toEqual([])
})

test('what is refused is asked for again less and less often', async () => {
  const registry = new Admission()
  registry.barred.add(carol.pastelId)
  const bob = await startNode({ identity: 'bob', registry, syncIntervalMs: 20 })
  const writer = new LogWriter({ identity: 'carol' }, carol)
  const holder = new BatchHolder([await writer.write(), await writer.write()])
  await joinHolder(bob, holder)
  await waitUntil(() => holder.headsRequests().length > 40, { what: 'many passes' })
  expect(holder.rangesRequests().length).toBeLessThan(12)
  // The place in the holder's order is kept nevertheless.
  expect(holder.headsRequests().at(-1)?.from?.position).toBe(2)
  expect(bob.errors).toEqual([])
})

test('a sender that is admitted is heard at once, with all that it said before', async () => {
  const registry = new Admission()
  const carolNode = await startNode({ identity: 'carol' })
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob', registry, syncIntervalMs: 50 })
  registry.barred.add(carol.pastelId)
  await connect(alice, carolNode)
  await connect(bob, alice)
  await hears(carolNode, alice)
  await hears(alice, bob)
  for (const message of numbered(3)) await carolNode.node.publish('test', message)
  // By gossip three times, and by sync at growing intervals: the next would be in four seconds.
  await waitUntil(() => bob.node.counters.dropped['not-a-member'] >= 3 + 3 * 3, { what: 'vain attempts' })
  expect(bob.store.end).toBe(0)
  registry.barred.clear()
  await carolNode.node.publish('test', { text: 'here I am' })
  expect(await stores(bob, 4, 'test', 3000)).toEqual(['0', '1', '2', 'here I am'])
})

test('a log that contradicts itself is looked at once, and does not keep anything out', async () => {
  const bob = await startNode({ identity: 'bob' })
  const writer = new LogWriter({ identity: 'carol' }, carol)
  const fork = writer.fork()
  await appendAll(bob.store, [await writer.write()])
  const forked: SignedBatch[] = []
  for (let i = 0; i < 8; i += 1) {
    forked.push(await fork.write({ bodies: [new Uint8Array(250 * 1024), new Uint8Array(200 * 1024)] }))
  }
  const dave = new LogWriter({ identity: 'dave' })
  const alice = await startNode({
    identity: 'alice',
    prepare: async (store) => appendAll(store, [...forked, await dave.write(), await dave.write()]),
  })
  await connect(bob, alice)
  await waitUntil(
    async () => (await collect(bob.store.read({ sender: dave.signer.publicKey }))).length === 2,
    {
      what: 'what dave wrote to be stored',
    },
  )
  expect(bob.node.counters.dropped.conflict).toBe(1)
  const entries = await collect(bob.node.messages({ sender: carol.pastelId }))
  expect(entries).toMatchObject([{ kind: 'message' }, { kind: 'lost', reason: 'frozen', first: 1, last: 1 }])
  expect(bob.node.alerts()).toMatchObject([{ kind: 'frozen', log: writer.log }])
})

test('claims that nobody can prove cost a holder’s reader little', async () => {
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 20 })
  const holder = new BatchHolder()
  const signer = seededSigner('mallory')
  let position = 0
  holder.heads = (request) => {
    position += 1000
    const heads = Array.from({ length: 1000 }, (_, i) => ({
      sender: signer.publicKey,
      channel: 'topic/test',
      run: Buffer.from(`${position + i}`.padStart(16, '0')),
      position: 2 ** 50,
      hash: new Uint8Array(32),
    }))
    return [{ ...holder.honestHeads(request), heads, next: holder.cursor(position), more: true }]
  }
  await joinHolder(bob, holder)
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publishMany('test', numbered(100))
  await connect(bob, alice)
  await stores(bob, 100)
  await bob.stop()
})

test('a holder that never answers holds up nobody, not even the end', async () => {
  const bob = await startNode({ identity: 'bob' })
  const silent = new BatchHolder()
  silent.heads = async function* () {
    await new Promise<void>(() => {})
    yield silent.honestHeads({ kind: 'heads', id: 1, channels: [] })
  }
  await joinHolder(bob, silent)
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publishMany('test', numbered(100))
  await connect(bob, alice)
  await stores(bob, 100)
  const began = performance.now()
  await bob.stop()
  expect(performance.now() - began).toBeLessThan(3000)
})

test('a holder that broke the rules is left alone for a while', async () => {
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 20 })
  const liar = new BatchHolder()
  liar.heads = () => [new Uint8Array(40)]
  const honest = new BatchHolder()
  await joinHolder(bob, liar)
  await joinHolder(bob, honest, 'honest')
  await waitUntil(() => honest.headsRequests().length > 60, { what: 'many passes with the honest one' })
  expect(liar.headsRequests().length).toBeLessThan(12)
  expect(bob.errors.length).toBe(liar.headsRequests().length)
})

test('gaps that a peer shows and does not fill do not make it busy', async () => {
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 3_600_000 })
  const alice = await startNode({ identity: 'alice', syncIntervalMs: 3_600_000 })
  const holder = new BatchHolder()
  await joinHolder(bob, holder)
  await connect(bob, alice)
  await waitUntil(() => holder.headsRequests().length > 0, { what: 'the first pass' })
  for (let i = 0; i < 300; i += 1) {
    bob.node.join(`topic-${i % 2}`)
    bob.node.leave(`topic-${i % 2}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(holder.headsRequests().length).toBeLessThan(20)
})
