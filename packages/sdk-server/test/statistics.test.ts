import { expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'

it('the statistics tell what was taken in by whom for whom, and what is stored', async () => {
  const { path, node } = await openServer()
  const { messages, statistics } = apiOf(path).service
  await messages.publish.mutate({ topic: 'prices', messages: [{ text: 'a' }, { text: 'b' }] })
  await messages.publish.mutate({ topic: 'other', messages: [{ text: 'c' }] })
  const bytes = expect.any(Number)
  const { taken, stored } = await statistics.totals.query()
  expect(taken).toEqual({ messages: 3, batches: 2, bytes })
  expect(stored).toEqual({ messages: 3, batches: 2, bytes, floor: 0, end: 3 })
  const sender = node.pastelId
  const prices = { topic: 'prices', messages: 2, batches: 1, bytes }
  const other = { topic: 'other', messages: 1, batches: 1, bytes }
  expect(await statistics.list.query({ by: 'receiver' })).toEqual({
    counts: [prices, other],
    size: 2,
    others: { messages: 0, batches: 0, bytes: 0 },
  })
  expect((await statistics.list.query({ by: 'sender' })).counts).toEqual([{ sender, ...taken }])
  expect((await statistics.list.query({ by: 'pair', limit: 1, offset: 1 })).counts).toEqual([
    { sender, ...other },
  ])
  for (const by of ['sender', 'pair'] as const) {
    expect((await statistics.list.query({ by, topic: 'prices' })).counts).toEqual([{ sender, ...prices }])
  }
  expect((await statistics.list.query({ by: 'receiver', sender })).counts).toHaveLength(2)
  await expect(statistics.list.query({ by: 'pair', topic: '/' })).rejects.toThrow('is not a topic name')
})
