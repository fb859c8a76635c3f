import { MAX_DIRECT_LIFETIME_MS, textOf } from '@pastel-mesh/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

const DAY_MS = 24 * 60 * 60_000

afterEach(() => vi.restoreAllMocks())

/** From now on all clocks show so much more. */
function pass(ms: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ms)
}

test('who is away for longer than its certificate is good is sent to, and gets it from a mailbox', async () => {
  const nodeKey = await generateNodeKey()
  const bob = await startNode({ identity: 'bob', nodeKey })
  const { pastelId } = bob.node
  const before = await startNode({ identity: 'alice' })
  await connect(before, bob)
  const { id } = await before.node.send(pastelId, { text: 'hello' })
  await before.node.waitForDelivery(id, inTime())
  await bob.stop()
  await before.stop()

  // Three days later nobody has a certificate of his that is good.
  pass(3 * DAY_MS)
  const alice = await startNode({ identity: 'alice', directory: before.directory, discover: true })
  const carol = await startNode({ identity: 'carol', discover: true })
  await connect(alice, carol)
  // If the book is not read yet it waits until it is.
  const sent = await alice.node.send(pastelId, { text: 'sealed' })
  await waitUntil(async () => (await alice.node.status(sent.id)).state === 'left-with-mailboxes', {
    what: 'a mailbox to have it',
  })
  // He is not dialled, nor told of to others.
  expect(alice.node.knownNodes().map((known) => known.pastelId)).toEqual([carol.node.pastelId])
  await alice.stop()

  const back = await startNode({ identity: 'bob', nodeKey, directory: bob.directory, discover: true })
  await connect(back, carol)
  expect((await inboxOf(back.node, 2)).map(textOf)).toEqual(['hello', 'sealed'])
  expect(back.node.counters.unreadable).toBe(0)
})

test('what would come when its recipient has the key no more waits for another', async () => {
  const bob = await startNode({ identity: 'bob' })
  const { pastelId } = bob.node
  const alice = await startNode({ identity: 'alice' })
  await connect(alice, bob)
  const endsAtMs = alice.node.knownNodes()[0]?.expiresAtMs as number
  await bob.stop()
  pass(20 * DAY_MS)
  alice.node.dispatchEvent(new CustomEvent('members', { detail: { joined: [], left: [] } }))
  expect(alice.node.knownNodes()).toEqual([])
  const lastMs = endsAtMs + MAX_DIRECT_LIFETIME_MS
  const states: string[] = []
  for (const expiresAtMs of [lastMs, lastMs + 1, lastMs]) {
    states.push((await alice.node.send(pastelId, { text: 'x', expiresAtMs })).state)
  }
  // What is behind one that waits, waits as well.
  expect(states).toEqual(['accepted', 'waiting-for-certificate', 'waiting-for-certificate'])
})
