import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { openOutbound, texts } from './fixtures/outbound.ts'
import { openStore } from './fixtures/storage.ts'

test('nothing is acknowledged or sent before it is on disk', async () => {
  const database = await FaultyDatabase.create()
  const { publish, delivered, store } = await openOutbound({ store: await openStore({ database }) })
  const writes = database.events.filter((event) => event === 'write begun').length
  const release = database.holdWrites()
  let isAcknowledged = false
  const publishing = publish({ text: 'one' }).then(() => {
    isAcknowledged = true
  })
  await database.happened('write begun', writes + 1)
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect([isAcknowledged, delivered.length, store.end]).toEqual([false, 0, 0])
  release()
  await publishing
  expect([isAcknowledged, delivered.length, store.end]).toEqual([true, 1, 1])
})

test('acknowledgements come in the order of the calls', async () => {
  const { publish } = await openOutbound({ maxBatchMessages: 7 })
  const acknowledged: number[] = []
  await Promise.all(
    texts(500).map(async (message, i) => {
      const { arrival } = await publish(message)
      expect(arrival).toBe(i)
      acknowledged.push(i)
    }),
  )
  expect(acknowledged).toEqual(Array.from({ length: 500 }, (_, i) => i))
})

test('messages accepted together are acknowledged together, with their own ids', async () => {
  const { pipeline, store } = await openOutbound({ maxBatchMessages: 10 })
  const accepted = await pipeline.accept('topic/test', texts(25))
  expect(store.end).toBe(25)
  expect(new Set(accepted.map(({ id }) => id)).size).toBe(25)
  for (const [i, { id, arrival }] of accepted.entries()) {
    expect(arrival).toBe(i)
    const found = await store.findMessage(id)
    expect(Buffer.from(found?.stored.messages()[found.index]?.body ?? []).toString()).toBe(`${i}`)
  }
  expect(await pipeline.accept('topic/test', [])).toEqual([])
})

test('a message that is no message is refused alone, and nothing of its group is stored', async () => {
  const { pipeline, publish, store } = await openOutbound()
  const group = [{ text: 'good' }, { text: 'bad', type: '' }]
  await expect(pipeline.accept('topic/test', group)).rejects.toMatchObject({ code: 'ERR_MESSAGE' })
  await publish({ text: 'next' })
  expect(store.end).toBe(1)
})
