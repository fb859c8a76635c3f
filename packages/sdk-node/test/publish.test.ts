import { expect, test } from 'vitest'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { numbered, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { collect } from './fixtures/storage.ts'

test('publishing resolves when the message is stored, with its id and place', async () => {
  const alice = await startNode({ identity: 'alice' })
  const accepted = await alice.node.publish('test', { json: { usd: 1 }, type: 'price', headers: { a: 'b' } })
  const [message] = await collect(alice.node.messages())
  expect(message).toMatchObject({
    id: accepted.id,
    arrival: accepted.arrival,
    type: 'price',
    contentType: 'json',
    headers: { a: 'b' },
  })
})

test('the signal ends the waiting, not the message', async () => {
  const signer = new GatedSigner()
  const alice = await startNode({ identity: 'alice', signer })
  const abort = new AbortController()
  signer.hold()
  const publishing = alice.node.publish('test', { text: 'one' }, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(publishing).rejects.toThrow('enough')
  await expect(
    alice.node.publish('test', { text: 'never' }, { signal: AbortSignal.abort(new Error('no')) }),
  ).rejects.toThrow('no')
  signer.letGo()
  expect(await stores(alice, 1)).toEqual(['one'])
})

test('wrong topics and messages are refused by rejecting, never by throwing', async () => {
  const alice = await startNode({ identity: 'alice' })
  const refused = [
    alice.node.publish('not a topic', { text: 'x' }),
    alice.node.publishMany('not a topic', numbered(3)),
  ]
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'ERR_TOPIC_NAME' })
  await expect(alice.node.publish('test', { text: 'x', type: '' })).rejects.toMatchObject({
    code: 'ERR_MESSAGE',
  })
  expect(alice.store.end).toBe(0)
})

test('a topic that the node did not join can be published to', async () => {
  const alice = await startNode({ identity: 'alice', topics: [] })
  await alice.node.publishMany('elsewhere', numbered(3))
  expect(await textsAt(alice, 'elsewhere')).toEqual(['0', '1', '2'])
})
