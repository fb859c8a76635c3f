import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const bobsId = seededSigner('bob').pastelId

test('a message to who has shown no certificate waits on disk, over a restart, and is sent in order', async () => {
  const alice = await startNode({ identity: 'alice' })
  const first = await alice.node.send(bobsId, { text: 'one' })
  expect(first.state).toBe('waiting-for-certificate')
  expect(await alice.node.status(first.id)).toMatchObject({
    state: 'waiting-for-certificate',
    recipient: bobsId,
    mailboxes: [],
  })
  await alice.stop()

  const again = await startNode({ identity: 'alice', directory: alice.directory })
  const large = await again.node.send(bobsId, { bytes: new Uint8Array(200_000).fill(7) })
  const third = await again.node.send(bobsId, { json: { n: 3 }, type: 'count', headers: { a: 'b' } })
  const bob = await startNode({ identity: 'bob' })
  await connect(again, bob)
  const messages = await inboxOf(bob.node, 3)
  expect(textOf(messages[0] as { body: Uint8Array })).toBe('one')
  expect(messages[1]?.body.length).toBe(200_000)
  expect(messages[2]).toMatchObject({ type: 'count', contentType: 'json', headers: { a: 'b' } })
  // The id that it waited under leads to the message.
  for (const [i, { id }] of [first, large, third].entries()) {
    expect(await again.node.waitForDelivery(id, inTime())).toMatchObject({
      id: messages[i]?.id,
      state: 'delivered',
    })
  }
  // What is sent now need not wait.
  expect((await again.node.send(bobsId, { text: 'four' })).state).toBe('accepted')
})

test('a message that waits until it expires is not sent any more', async () => {
  const alice = await startNode({ identity: 'alice' })
  const { id } = await alice.node.send(bobsId, { text: 'soon over', expiresAtMs: Date.now() + 50 })
  await waitUntil(async () => (await alice.node.status(id)).state === 'expired', { what: 'its expiry' })
  const before = await alice.node.status(id)
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const { id: next } = await alice.node.send(bobsId, { text: 'in time' })
  await alice.node.waitForDelivery(next, inTime())
  expect((await inboxOf(bob.node, 1)).map(textOf)).toEqual(['in time'])
  expect(alice.errors).toEqual([])
  // It was let go of, and is known as expired, after a restart as well.
  for await (const [name] of alice.store.values.read('waiting/')) expect(name).toBe('')
  expect(await alice.node.status(id)).toEqual(before)
  await alice.stop()
  const again = await startNode({ identity: 'alice', directory: alice.directory })
  expect(await again.node.status(id)).toEqual(before)
})

test('a message whose sending was said to have failed, and is on disk after all, is sent once', async () => {
  const database = await FaultyDatabase.create()
  const alice = await startNode({ identity: 'alice', database, directory: database.directory })
  const { id } = await alice.node.send(bobsId, { text: 'one' })
  expect(alice.node.waiting()).toMatchObject([{ id, recipient: bobsId }])
  const bob = await startNode({ identity: 'bob' })
  // The next commit is that of a certificate or a checkpoint as well as that of the message: all of them fail so.
  alice.node.addEventListener('connected', () => database.failNextWrites('on disk', 'on disk'))
  await connect(alice, bob)
  expect(await alice.node.waitForDelivery(id, inTime(30_000))).toMatchObject({ state: 'delivered' })
  const { id: next } = await alice.node.send(bobsId, { text: 'two' })
  await alice.node.waitForDelivery(next, inTime())
  expect((await inboxOf(bob.node, 2)).map(textOf)).toEqual(['one', 'two'])
  expect(alice.node.waiting()).toEqual([])
}, 60_000)
