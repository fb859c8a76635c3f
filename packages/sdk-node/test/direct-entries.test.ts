import { encodePastelId } from '@pastel-mesh/identity'
import { inboxChannel, textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { followMessages, type ReadMessagesOptions } from '../src/index.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { collect, messagesOf } from './fixtures/storage.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

test('what came and what was sent are read apart, and of what is kept for others nothing is said', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  const [a, b] = [alice.node.pastelId, bob.node.pastelId]
  await alice.node.publish('test', { text: 'to all' })
  const { id } = await alice.node.send(b, { text: 'to bob' })
  await alice.node.send(a, { text: 'to alice' })
  const back = await bob.node.send(a, { text: 'from bob' })
  await Promise.all([alice.node.waitForDelivery(id, inTime()), bob.node.waitForDelivery(back.id, inTime())])

  // A mailbox gets what is behind a message that it never saw.
  const carol = inboxChannel(encodePastelId(seededSigner('carol').publicKey))
  const writer = new LogWriter({ identity: 'bob', channel: carol, startedAtMs: Date.now() })
  await writer.write()
  const placement = await alice.store.place(await writer.write(), { carried: true })
  expect(placement).toHaveProperty('committed')
  if ('committed' in placement) await placement.committed

  const texts = async (options: ReadMessagesOptions) =>
    (await messagesOf(alice.node.messages(options))).map(textOf)
  expect(await texts({ direct: 'received' })).toEqual(['to alice', 'from bob'])
  expect(await texts({ direct: 'received', sender: b })).toEqual(['from bob'])
  expect(await texts({ direct: 'sent', reverse: true })).toEqual(['to alice', 'to bob'])
  expect(await texts({ recipient: b })).toEqual(['to bob'])
  const all = ['to all', 'to bob', 'to alice', 'from bob']
  expect((await collect(alice.node.messages())).map(({ kind }) => kind)).toEqual(all.map(() => 'message'))
  expect(await texts({})).toEqual(all)

  const followed: string[] = []
  const inbox = { own: a, direct: 'received', from: 'start', ...inTime() } as const
  for await (const entry of followMessages(alice.store, inbox)) {
    followed.push(entry.kind === 'message' ? textOf(entry) : entry.kind)
    if (followed.length === 2) break
  }
  expect(followed).toEqual(['to alice', 'from bob'])
})
