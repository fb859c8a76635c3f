import { cp, rm } from 'node:fs/promises'
import { lpStream } from '@libp2p/utils'
import { decodeDirectRequest, encodeDirectResponse, textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, numbered, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { collect } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const texts = (count: number) => numbered(count).map(({ text }) => text)
const kinds = ({ node }: TestNode) => node.alerts().map(({ kind }) => kind)

/** A node whose folder can be put back. */
async function withCopy(identity: string) {
  const same = { identity, nodeKey: await generateNodeKey() }
  let node = await startNode(same)
  const { directory } = node
  const start = async () => {
    node = await startNode({ ...same, directory })
    return node
  }
  return {
    first: node,
    start,
    async copy(): Promise<TestNode> {
      await node.stop()
      await cp(directory, `${directory}-copy`, { recursive: true })
      return start()
    },
    async restore(): Promise<TestNode> {
      await node.stop()
      await rm(directory, { recursive: true })
      await cp(`${directory}-copy`, directory, { recursive: true })
      return start()
    },
  }
}

async function delivered({ node }: TestNode, id: string): Promise<number> {
  const { state, receipt } = await node.waitForDelivery(id, inTime())
  expect(state).toBe('delivered')
  return receipt?.createdAtMs ?? 0
}

test('a recipient that was restored gets again what came since the copy, once, and its operator is told', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bobs = await withCopy('bob')
  await connect(alice, bobs.first)
  const bobsId = bobs.first.node.pastelId
  const before = await alice.node.sendMany(bobsId, numbered(3))
  await delivered(alice, before.at(-1)?.id ?? '')
  const bob = await bobs.copy()
  await connect(bob, alice)
  const since = await alice.node.sendMany(bobsId, numbered(6).slice(3))
  const saidAtMs = await delivered(alice, since.at(-1)?.id ?? '')
  expect(kinds(bob)).toEqual([])
  await waitUntil(() => Date.now() > saidAtMs + 1_100, { what: 'the copy to be older than the receipt' })

  const restored = await bobs.restore()
  expect(restored.store.end).toBe(3)
  await connect(restored, alice)
  expect((await inboxOf(restored.node, 6)).map(textOf)).toEqual(texts(6))
  for (const { id } of [...before, ...since]) await delivered(alice, id)
  await waitUntil(() => kinds(restored).includes('restored'), { what: 'the operator to be told' })
  const messages = await collect(restored.node.messages({ direct: 'received' }))
  expect(messages).toHaveLength(6)
  expect([...alice.errors, ...restored.errors]).toEqual([])
})

test('and from its mailboxes, when the sender is gone', async () => {
  const alice = await startNode({ identity: 'alice' })
  const carol = await startNode({ identity: 'carol' })
  const bobs = await withCopy('bob')
  await connect(alice, carol)
  await connect(bobs.first, carol)
  const bobsId = bobs.first.node.pastelId
  await waitUntil(() => alice.node.knownNodes().some(({ pastelId }) => pastelId === bobsId), {
    what: 'the certificate to be known',
  })
  // The copy is from before they were left with the mailbox.
  await (await bobs.copy()).stop()
  const sent = await alice.node.sendMany(bobsId, numbered(5))
  const { id } = sent.at(-1) as { id: string }
  await waitUntil(async () => (await alice.node.status(id)).state === 'left-with-mailboxes', {
    what: 'the messages to be left with a mailbox',
  })
  await alice.stop()
  const bob = await bobs.start()
  await connect(bob, carol)
  await inboxOf(bob.node, 5)
  await waitUntil(() => carol.store.carriedBytes().totalBatches === 0, { what: 'the mailbox to be told' })

  const restored = await bobs.restore()
  expect(restored.store.end).toBe(0)
  await connect(restored, carol)
  expect((await inboxOf(restored.node, 5)).map(textOf)).toEqual(texts(5))
  await waitUntil(() => carol.store.carriedBytes().totalBatches === 0, {
    what: 'the mailbox to be told again',
  })
})

test('what a recipient says that it has no more is delivered again, and the sender says so', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  const bobsId = bob.node.pastelId
  await connect(alice, bob)
  const { id } = await alice.node.send(bobsId, { text: 'had' })
  await delivered(alice, id)
  await bob.stop()

  // Bob's node, with a store that has nothing.
  const peer = await ProtocolPeer.start('bob')
  const asked: string[] = []
  await peer.handle('/pastel-mesh/direct/1', async (stream) => {
    const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
    for (;;) {
      const request = decodeDirectRequest((await frames.read()).subarray())
      asked.push(request.kind)
      await frames.write(encodeDirectResponse({ id: request.id, receipts: [], refused: [], error: '' }))
    }
  })
  await peer.join(alice.address)
  await waitUntil(() => asked.includes('deposit'), { what: 'the message to come again' })
  const again = { state: 'accepted', reason: 'recipient-restored' }
  expect(await alice.node.status(id)).toMatchObject(again)
  expect((await alice.node.status(id)).receipt).toBeUndefined()
  expect(kinds(alice)).toEqual(['recipient-restored'])
  expect(alice.node.outbox().usedBytes).toBeGreaterThan(0)
  await alice.stop()
  const later = await startNode({ identity: 'alice', directory: alice.directory })
  expect(await later.node.status(id)).toMatchObject(again)
})

test('a sender that was restored finds what it had sent since the copy, and its operator is told', async () => {
  const bob = await startNode({ identity: 'bob' })
  const alices = await withCopy('alice')
  await connect(alices.first, bob)
  const bobsId = bob.node.pastelId
  const before = await alices.first.node.sendMany(bobsId, numbered(2))
  await delivered(alices.first, before.at(-1)?.id ?? '')
  const alice = await alices.copy()
  await connect(alice, bob)
  const since = await alice.node.sendMany(bobsId, numbered(5).slice(2))
  await delivered(alice, since.at(-1)?.id ?? '')

  const restored = await alices.restore()
  const { id } = since.at(-1) as { id: string }
  await expect(restored.node.status(id)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_MESSAGE' })
  await connect(restored, bob)
  await waitUntil(
    () =>
      restored.node.status(id).then(
        () => true,
        () => false,
      ),
    { what: 'its message to be found' },
  )
  await delivered(restored, id)
  expect(kinds(restored)).toContain('own-identity')
  // It goes on in a log of its own, and the recipient is shown everything once.
  await restored.node.send(bobsId, { text: '5' })
  expect((await inboxOf(bob.node, 6)).map(textOf)).toEqual(texts(6))
  expect(seededSigner('alice').pastelId).toBe(restored.node.pastelId)
})
