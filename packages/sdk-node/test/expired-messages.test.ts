import { expect, test } from 'vitest'
import { startNode } from './fixtures/nodes.ts'

test('an expired message keeps its place and is not delivered any more', async () => {
  const { node, store } = await startNode({ identity: 'alice' })
  const expiresAtMs = Date.now() + 400
  await node.publish('test', { text: 'for a moment', expiresAtMs })
  await node.publish('test', { text: 'for ever' })
  const texts = async () => {
    const found: string[] = []
    for await (const { body } of node.messages({ topic: 'test' })) found.push(Buffer.from(body).toString())
    return found
  }
  for await (const message of node.messages()) {
    expect(message.expiresAtMs).toBe(expiresAtMs)
    break
  }
  await expect.poll(texts, { timeout: 5_000 }).toEqual(['for ever'])
  const reader = node.subscribe('test', { from: 'start' })
  const { value } = await reader.next()
  expect(Buffer.from(value.body).toString()).toBe('for ever')
  expect(value.expiresAtMs).toBeUndefined()
  expect(value.arrival).toBe(1)
  expect(store.end).toBe(2)
  await reader.return(undefined)
})
