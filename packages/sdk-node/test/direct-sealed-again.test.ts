import { textOf } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { generateNodeKey, type ReceivedEntry, type ReceivedMessage } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { startRefusingRecipient } from './fixtures/refusing-recipient.ts'
import { collect, temporaryFolder } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

/** A folder whose sealing keys are lost. */
async function loseKeys({ values }: MessageStore): Promise<void> {
  const names: string[] = []
  for await (const [name] of values.read('sealing-key/')) names.push(name)
  expect(names.length).toBeGreaterThan(0)
  await values.write(names.map((name) => ({ name })))
}

/** All that is in a node's inbox now. */
async function allOf({ node }: TestNode): Promise<ReceivedEntry[]> {
  return collect(node.messages({ direct: 'received' }))
}

test('what a recipient cannot open any more is sealed to its new key and sent again, and shown once', async () => {
  const alice = await startNode({ identity: 'alice' })
  const nodeKey = await generateNodeKey()
  const bob = await startNode({ identity: 'bob', nodeKey })
  await connect(alice, bob)
  await bob.stop()
  const { id: answered } = await alice.node.send(alice.node.pastelId, { text: 'a question' })
  const options = { type: 'answer', replyTo: answered, headers: { a: 'b', 10: 'c', 2: 'd' } }
  const { id: first } = await alice.node.send(bob.node.pastelId, { json: { n: 1 }, ...options })
  const many = await alice.node.sendMany(
    bob.node.pastelId,
    Array.from({ length: 700 }, (_, i) => ({ text: `${i}` })),
  )

  const again = await startNode({ identity: 'bob', nodeKey, directory: bob.directory, prepare: loseKeys })
  const told: ReceivedMessage[] = []
  again.node.addEventListener('message', ({ detail }) => told.push(detail))
  await connect(again, alice)
  const last = await alice.node.waitForDelivery((many.at(-1) as { id: string }).id, inTime())
  expect(last).toMatchObject({ id: many.at(-1)?.id, state: 'delivered' })
  const status = await alice.node.waitForDelivery(first, inTime())
  expect(status).toMatchObject({ id: first, state: 'delivered', recipient: bob.node.pastelId })
  expect(status.sentAgainAs).not.toBe(first)
  expect(status).not.toHaveProperty('reason')
  // The newer id is known as well, and is that of the message at the recipient.
  expect(await alice.node.status(status.sentAgainAs as string)).toMatchObject({
    id: status.sentAgainAs,
    state: 'delivered',
  })
  const [json, ...texts] = await inboxOf(again.node, 701)
  expect(json).toMatchObject({ id: status.sentAgainAs, contentType: 'json', ...options })
  expect(textOf(json as ReceivedMessage)).toBe('{"n":1}')
  expect(texts.map(textOf)).toEqual(Array.from({ length: 700 }, (_, i) => `${i}`))
  // What could not be opened is said, and is no message.
  const entries = await allOf(again)
  expect(entries.filter(({ kind }) => kind === 'message')).toHaveLength(701)
  expect(told.map(({ id }) => id)).toEqual([json, ...texts].map((message) => message?.id))

  // Which message stands for which is known after a restart.
  await alice.stop()
  const later = await startNode({ identity: 'alice', directory: alice.directory })
  expect(await later.node.status(first)).toMatchObject({ id: first, sentAgainAs: status.sentAgainAs })
  expect(alice.errors).toEqual([])
})

test('what is refused waits for another key, is sent again three times at most, and then is rejected', async () => {
  const alice = await startNode({ identity: 'alice' })
  const { pastelId } = seededSigner('bob')
  const { id: waitingId } = await alice.node.send(pastelId, { text: 'x' })
  const ids = new Set<string>()
  for (let round = 1; round <= 4; round += 1) {
    const bob = await startRefusingRecipient('bob')
    await bob.peer.join(alice.address)
    const state = round === 4 ? 'rejected' : 'waiting-for-certificate'
    const status = await waitUntil(
      async () => {
        const now = await alice.node.status(waitingId)
        return bob.refused > 0 && now.reason === 'key-unknown' && now.state === state && now
      },
      { what: `a ${state} message in round ${round}` },
    )
    // To the same key it is not sent again, whatever else is.
    const { id: other } = await alice.node.send(pastelId, { text: `in round ${round}` })
    await waitUntil(async () => (await alice.node.status(other)).reason === 'key-unknown', {
      what: 'the other one to be refused',
    })
    expect((await alice.node.status(other)).state).toBe('waiting-for-certificate')
    await waitUntil(() => bob.refused >= 1 + round, { what: 'the earlier ones to be refused' })
    expect(bob.refused).toBe(1 + round)
    ids.add(status.sentAgainAs ?? status.id)
    await bob.peer.libp2p.stop()
  }
  expect(ids.size).toBe(4)
})

test('what is rejected for another reason is not sent again', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startRefusingRecipient('bob', 'seal')
  await bob.peer.join(alice.address)
  const { id } = await alice.node.send(seededSigner('bob').pastelId, { text: 'x' })
  expect(await alice.node.waitForDelivery(id, inTime())).toMatchObject({ state: 'rejected', reason: 'seal' })
  const next = await startRefusingRecipient('bob', 'seal')
  await next.peer.join(alice.address)
  const { id: second } = await alice.node.send(seededSigner('bob').pastelId, { text: 'y' })
  await alice.node.waitForDelivery(second, inTime())
  expect(next.refused).toBe(1)
  expect(await alice.node.status(id)).not.toHaveProperty('sentAgainAs')
})

test('a message that was sent again is not shown to who could read the first one after all', async () => {
  const alice = await startNode({ identity: 'alice' })
  const nodeKey = await generateNodeKey()
  const before = await startNode({ identity: 'bob', nodeKey })
  await connect(alice, before)
  await before.stop()
  const { id: first } = await alice.node.send(before.node.pastelId, { text: 'once' })
  // Another folder, without the keys of the first one.
  const other = await startNode({ identity: 'bob', nodeKey, directory: await temporaryFolder() })
  await connect(other, alice)
  const { sentAgainAs: second } = await alice.node.waitForDelivery(first, inTime())
  expect((await inboxOf(other.node, 1)).map(textOf)).toEqual(['once'])
  await other.stop()

  // The first folder again: it reads the first message, and has not the key of the second one.
  const after = await startNode({ identity: 'bob', nodeKey, directory: before.directory })
  const told: string[] = []
  after.node.addEventListener('message', ({ detail }) => told.push(detail.id))
  await connect(after, alice)
  const third = await waitUntil(async () => (await alice.node.status(second as string)).sentAgainAs, {
    what: 'what it cannot open to be sent again',
  })
  await alice.node.waitForDelivery(third, inTime())
  await alice.node.waitForDelivery((await alice.node.send(after.node.pastelId, { text: 'end' })).id, inTime())
  const shown = await inboxOf(after.node, 2)
  expect(shown.map(textOf)).toEqual(['once', 'end'])
  expect(shown[0]?.id).toBe(first)
  expect(told).toEqual(shown.map(({ id }) => id))
})
