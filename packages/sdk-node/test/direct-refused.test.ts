import type { PastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { createOpenRegistry, type MemberRegistry } from '../src/index.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { collect } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const idOf = (name: string) => seededSigner(name).pastelId

/** A registry of named members. */
function membersOnly(...names: string[]): MemberRegistry {
  const members = new Set(names.map(idOf))
  const registry = createOpenRegistry()
  registry.memberAt = (name: PastelId) => (members.has(name) ? { pastelId: name, role: 'member' } : undefined)
  return registry
}

test('nothing is sent to who is no member, or has a malformed PastelID, nor for longer than 30 days', async () => {
  const alice = await startNode({ identity: 'alice', registry: membersOnly('alice', 'bob') })
  await expect(alice.node.send([idOf('bob'), idOf('mallory')], { text: 'x' })).rejects.toMatchObject({
    code: 'ERR_NOT_A_MEMBER',
  })
  await expect(alice.node.send('jXnobody' as PastelId, { text: 'x' })).rejects.toMatchObject({
    code: 'ERR_PASTELID_LENGTH',
  })
  await expect(alice.node.send(undefined as unknown as PastelId, { text: 'x' })).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_PASTELID_/),
  })
  const tooLongMs = Date.now() + 31 * 24 * 60 * 60_000
  await expect(alice.node.send(idOf('bob'), { text: 'x', expiresAtMs: tooLongMs })).rejects.toMatchObject({
    code: 'ERR_MESSAGE',
  })
  expect(await collect(alice.node.messages())).toEqual([])
  expect(alice.store.end).toBe(0)
})

test('a message to several is one to each, and each has its own delivery', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  const carol = await startNode({ identity: 'carol' })
  await connect(alice, bob)
  await connect(alice, carol)
  const sent = await alice.node.send([bob.node.pastelId, carol.node.pastelId], { text: 'both' })
  expect(sent.map(({ recipient }) => recipient)).toEqual([bob.node.pastelId, carol.node.pastelId])
  for (const { id, recipient } of sent) {
    expect(await alice.node.waitForDelivery(id, inTime())).toMatchObject({ recipient, state: 'delivered' })
  }
})

test('what was sealed to a key that is gone is told as lost, and the next one is sealed to the new key', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await bob.stop()
  const { id } = await alice.node.send(bob.node.pastelId, { text: 'sealed to the old key' })
  // A new folder: the node key and the sealing keys of before are lost.
  const fresh = await startNode({ identity: 'bob' })
  await connect(fresh, alice)
  const told: unknown[] = []
  alice.node.addEventListener('delivery', ({ detail }) => told.push(detail))
  expect(await alice.node.waitForDelivery(id, inTime())).toMatchObject({ state: 'delivered' })
  for await (const entry of fresh.node.inbox({ cursor: 'start', ...inTime() })) {
    expect(entry).toMatchObject({ kind: 'lost', reason: 'unreadable', sender: alice.node.pastelId })
    break
  }
  expect(fresh.node.counters.unreadable).toBe(1)
  // The next one is sealed to the new key.
  const next = await alice.node.send(bob.node.pastelId, { text: 'to the new one' })
  expect(await alice.node.waitForDelivery(next.id, inTime())).toMatchObject({ state: 'delivered' })
})

test('a delivery is told as an event', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const told: unknown[] = []
  alice.node.addEventListener('delivery', ({ detail }) => told.push(detail))
  await alice.node.send(bob.node.pastelId, { text: 'x' })
  await waitUntil(() => told.length > 0, { what: 'the event' })
  expect(told[0]).toMatchObject({ recipient: bob.node.pastelId, first: 0, last: 0, outcome: 'entered' })
})
