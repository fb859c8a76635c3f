import { expect, test } from 'vitest'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

function eventsOf({ node }: TestNode): unknown[] {
  const events: unknown[] = []
  node.addEventListener('delivery', ({ detail }) => events.push(detail))
  return events
}

test('after a crash between the commit of a receipt and its event the status knows what no event tells', async () => {
  const bob = await startNode({ identity: 'bob' })
  const crashing = await startNode({ identity: 'alice' })
  let commits = 0
  // What is on the disk is what a process leaves that ends here.
  const { delivered } = crashing.store
  crashing.store.delivered = async (...args) => {
    if (commits === 0) await delivered.apply(crashing.store, args)
    commits += 1
    throw new Error('the process ends')
  }
  const lost = eventsOf(crashing)
  await connect(crashing, bob)
  const { id } = await crashing.node.send(bob.node.pastelId, { text: 'for bob' })
  await waitUntil(() => commits > 0, { what: 'the receipt to be on disk' })
  await crashing.stop()
  expect(lost).toEqual([])

  const alice = await startNode({ identity: 'alice', directory: crashing.directory })
  const events = eventsOf(alice)
  const status = await alice.node.status(id)
  expect(status).toMatchObject({ state: 'delivered', receipt: { createdAtMs: expect.any(Number) } })
  expect(await alice.node.waitForDelivery(id, inTime())).toEqual(status)
  // The recipient says nothing again, for it is not asked: whoever waits for the event waits in vain.
  await connect(alice, bob)
  const { id: next } = await alice.node.send(bob.node.pastelId, { text: 'the next' })
  await alice.node.waitForDelivery(next, inTime())
  await waitUntil(() => events.length > 0, { what: 'the event of the next' })
  expect(events).toEqual([expect.objectContaining({ recipient: bob.node.pastelId })])
  expect(next.startsWith((events[0] as { log: string }).log)).toBe(true)
})
