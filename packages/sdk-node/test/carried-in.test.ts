import { textOf } from '@pastel-mesh/protocol'
import { carriedType } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { followMessages, type ReceivedMessage } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { messagesOf } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const alice = seededSigner('alice').pastelId
const VIA = 'other-way'

test('what was brought in is shown as from its true sender wherever messages are, and counted so', async () => {
  const own = await startNode({ identity: 'own' })
  const mesh = await startNode({ identity: 'mesh' })
  await connect(own, mesh)
  await mesh.node.send(own.node.pastelId, { text: 'by the mesh' })
  await inboxOf(own.node, 1)
  const events: ReceivedMessage[] = []
  own.node.addEventListener('message', ({ detail }) => events.push(detail))
  const createdAtMs = Date.now() - 60_000
  const message = { type: 'greeting', text: 'hello', headers: { key: 'value' } }
  const { id } = await own.node.bringIn({ via: VIA, sender: alice, message, createdAtMs })
  await own.node.send(own.node.pastelId, { text: 'to myself' })

  const shown = {
    id,
    sender: alice,
    channel: { kind: 'inbox', recipient: own.node.pastelId },
    via: VIA,
    type: 'greeting',
    headers: { key: 'value' },
    createdAtMs,
  }
  const [first, second, third] = await inboxOf(own.node, 3)
  expect(first).not.toHaveProperty('via')
  expect(second).toMatchObject(shown)
  expect(textOf(second as ReceivedMessage)).toBe('hello')
  expect(third).toMatchObject({ sender: own.node.pastelId })
  expect(events.find((event) => event.id === id)).toMatchObject(shown)

  const read = async (options: Parameters<typeof own.node.messages>[0]) =>
    (await messagesOf(own.node.messages(options))).map(textOf)
  expect(await read({ sender: alice })).toEqual(['hello'])
  expect(await read({ sender: alice, direct: 'received' })).toEqual(['hello'])
  expect(await read({ sender: mesh.node.pastelId, direct: 'received' })).toEqual(['by the mesh'])
  expect(await read({ direct: 'received', reverse: true })).toEqual(['to myself', 'hello', 'by the mesh'])
  expect(await read({ type: 'greeting' })).toEqual(['hello'])
  expect(await read({ direct: 'sent' })).toEqual(['to myself'])
  expect(await read({ sender: own.node.pastelId })).toEqual(['to myself'])

  const options = {
    own: own.node.pastelId,
    direct: 'received',
    sender: alice,
    from: 'start',
    ...inTime(),
  } as const
  const next = await followMessages(own.store, options).next()
  expect(next.value).toMatchObject(shown)
  expect(await own.node.status(id)).toMatchObject({ state: 'delivered', via: VIA })

  const pairs = own.store.counts({ by: 'pair', sender: seededSigner('alice').publicKey }).counts
  expect(pairs).toMatchObject([{ channel: `inbox/${own.node.pastelId}`, messages: 1 }])
})

test('nobody can write the marks of what was brought in, and those of somebody else are not believed', async () => {
  const own = await startNode({ identity: 'own' })
  const forged = { 'pastel-mesh-via': VIA, 'pastel-mesh-from': alice, 'pastel-mesh-to': own.node.pastelId }
  for (const send of [
    () => own.node.publish('test', { text: 'x', headers: forged }),
    () => own.node.send(own.node.pastelId, { text: 'x', headers: forged }),
    () => own.node.bringIn({ via: VIA, sender: alice, message: { text: 'x', headers: forged } }),
  ]) {
    await expect(send()).rejects.toMatchObject({ code: 'ERR_MESSAGE' })
  }
  expect(own.store.end).toBe(0)
})

test('values are written in the commit that brings a message in', async () => {
  const own = await startNode({ identity: 'own' })
  const values = [{ name: 'brought/1', value: Buffer.from('x') }]
  await own.node.bringIn({ via: VIA, sender: alice, message: { text: 'one' }, values })
  const found: string[] = []
  for await (const [name] of own.store.values.read('brought/')) found.push(name)
  expect(found).toEqual(['brought/1'])
  await expect(
    own.node.bringIn({
      via: VIA,
      sender: alice,
      message: { text: 'two' },
      values: [{ name: 'x'.repeat(300) }],
    }),
  ).rejects.toThrow()
  expect((await messagesOf(own.node.messages())).map(textOf)).toEqual(['one'])
})

test('of many that were brought in, those of one sender are found by an index, over a restart, too', async () => {
  const own = await startNode({ identity: 'own' })
  const bob = seededSigner('bob').pastelId
  const bring = (sender: typeof alice, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        own.node.bringIn({ via: VIA, sender, message: { text: `${i}`, type: `type ${i % 7}` } }),
      ),
    )
  await bring(alice, 3)
  await bring(bob, 600)
  await bring(alice, 3)
  const reads = async (store: typeof own.store, sender: typeof alice) => {
    let entries = 0
    const query = { type: carriedType('from', sender), channel: `inbox/${own.node.pastelId}` }
    for await (const _ of store.read(query)) entries += 1
    return entries
  }
  const read = async (node: typeof own.node, sender: typeof alice, type?: string) =>
    (await messagesOf(node.messages({ sender, ...(type === undefined ? {} : { type }) }))).length
  expect(await read(own.node, alice)).toBe(6)
  expect(await read(own.node, bob)).toBe(600)
  expect(await read(own.node, alice, 'type 1')).toBe(2)
  // Messages of one sender share batches: six of alice stand in two or three.
  expect(await reads(own.store, alice)).toBeLessThanOrEqual(6)
  await own.stop()
  const again = await startNode({ identity: 'own', directory: own.directory })
  expect(await read(again.node, alice)).toBe(6)
  expect(await reads(again.store, alice)).toBeLessThanOrEqual(6)
})
