import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { startNode } from './fixtures/nodes.ts'
import { expectMessage, messagesOf } from './fixtures/storage.ts'

test('an expired message keeps its place and is not delivered any more', async () => {
  const { node, store } = await startNode({ identity: 'alice' })
  const expiresAtMs = Date.now() + 400
  await node.publish('test', { text: 'for a moment', expiresAtMs })
  await node.publish('test', { text: 'for ever' })
  const texts = async () => {
    return (await messagesOf(node.messages({ topic: 'test' }))).map(textOf)
  }
  for await (const message of node.messages()) {
    expect(expectMessage(message).expiresAtMs).toBe(expiresAtMs)
    break
  }
  await expect.poll(texts, { timeout: 5_000 }).toEqual(['for ever'])
  const reader = node.subscribe('test', { from: 'start' })
  const value = expectMessage((await reader.next()).value)
  expect(textOf(value)).toBe('for ever')
  expect(value.expiresAtMs).toBeUndefined()
  expect(value.arrival).toBe(1)
  expect(store.end).toBe(2)
  await reader.return(undefined)
})
