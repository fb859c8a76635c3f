import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, numbered, startNode, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

async function knows(one: TestNode, other: TestNode): Promise<void> {
  await waitUntil(() => one.node.knownNodes().some(({ pastelId }) => pastelId === other.node.pastelId), {
    what: 'a certificate to be known',
  })
}

test('a message to who is away is left with a mailbox, and comes when its sender is gone for good', async () => {
  const alice = await startNode({ identity: 'alice' })
  const carol = await startNode({ identity: 'carol' })
  const bobs = { identity: 'bob', nodeKey: await generateNodeKey() }
  const bob = await startNode(bobs)
  await connect(alice, carol)
  await connect(bob, carol)
  await knows(alice, bob)
  await bob.stop()
  const { pastelId } = bob.node
  const sent = await alice.node.sendMany(pastelId, numbered(50))
  const { id } = sent.at(-1) as { id: string }
  await waitUntil(async () => (await alice.node.status(id)).state === 'left-with-mailboxes', {
    what: 'the messages to be left with a mailbox',
  })
  expect(await alice.node.status(id)).toMatchObject({ mailboxes: [carol.node.pastelId] })
  const toldToCarol: unknown[] = []
  carol.node.addEventListener('delivery', ({ detail }) => toldToCarol.push(detail))
  // The mailbox cannot read them, and shows nobody that they are there.
  for await (const entry of carol.node.messages()) expect(entry).toBe('nothing')
  await alice.stop()

  const back = await startNode({ ...bobs, directory: bob.directory })
  await connect(back, carol)
  expect((await inboxOf(back.node, 50)).map(textOf)).toEqual(numbered(50).map(({ text }) => text))

  // The receipt comes to the sender by way of the mailbox, should it come back after all.
  await waitUntil(() => carol.store.carriedBytes().totalBatches === 0, { what: 'the mailbox to be told' })
  // They were no messages of its own.
  expect(toldToCarol).toEqual([])
  await back.stop()
  const again = await startNode({ identity: 'alice', directory: alice.directory })
  await connect(again, carol)
  expect(await again.node.waitForDelivery(id, inTime())).toMatchObject({ state: 'delivered' })
})
