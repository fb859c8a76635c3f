import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import type { ReceivedMessage } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, numbered, startNode } from './fixtures/nodes.ts'
import { messagesOf } from './fixtures/storage.ts'

test('a message to a member who is there is delivered, with the recipient’s receipt', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const { id } = await alice.node.send(bob.node.pastelId, { text: 'hello' })
  const status = await alice.node.waitForDelivery(id, inTime())
  expect(status).toMatchObject({ id, recipient: bob.node.pastelId, state: 'delivered', mailboxes: [] })
  expect(status.receipt?.createdAtMs).toBeLessThanOrEqual(Date.now())
  const [message] = await inboxOf(bob.node, 1)
  expect(message).toMatchObject({ id, sender: alice.node.pastelId })
  expect(textOf(message as ReceivedMessage)).toBe('hello')
  // The sender can read what it sent.
  const sent = await messagesOf(alice.node.messages())
  expect(sent.map(textOf)).toEqual(['hello'])
})

test('many messages come in order, each once', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const sent = await alice.node.sendMany(bob.node.pastelId, numbered(2_000))
  await alice.node.waitForDelivery((sent.at(-1) as { id: string }).id, inTime())
  const received = await inboxOf(bob.node, 2_000)
  expect(received.map(textOf)).toEqual(numbered(2_000).map(({ text }) => text))
})

test('a message to oneself is delivered', async () => {
  const alice = await startNode({ identity: 'alice' })
  const { id } = await alice.node.send(alice.node.pastelId, { text: 'note' })
  expect(await alice.node.waitForDelivery(id, inTime())).toMatchObject({ state: 'delivered' })
  expect((await inboxOf(alice.node, 1)).map(textOf)).toEqual(['note'])
})
