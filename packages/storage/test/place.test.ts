import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { append, appendAll, entered } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

describe('a batch is appended', () => {
  test('when it begins a log, and when it continues one', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const stored = await appendAll(store, [
      await writer.write({ count: 3 }),
      await writer.write({ count: 2 }),
    ])
    expect(stored.map(({ position, count }) => [position, count])).toEqual([
      [0, 3],
      [3, 2],
    ])
    await expectSoundOrder(store)
  })

  test('when it begins a run that follows the last one', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write({ count: 3 }))
    await append(store, await writer.newRun().write())
    await append(store, await writer.newRun().write({ count: 2 }))
    await append(store, await writer.write())
    await expectSoundOrder(store)
  })

  test('with the messages that it brings, decoded or not', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const stored = await append(
      store,
      await writer.write({ bodies: [Buffer.from('one'), Buffer.from('two')] }),
    )
    expect(stored.messages().map(({ body }) => Buffer.from(body).toString())).toEqual(['one', 'two'])
    const messages = stored.messages()
    const second = await append(store, await writer.write({ count: 2 }), { messages })
    expect(second.messages()).toBe(messages)
  })
})

describe('a batch is known', () => {
  test('when it is stored, wherever in its log', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const batches = [await writer.write({ count: 3 }), await writer.write(), await writer.newRun().write()]
    await appendAll(store, batches)
    for (const signed of batches) expect(await store.place(signed)).toEqual({ status: 'known' })
    await expectSoundOrder(store)
  })

  test('also under another signature', async () => {
    const store = await openStore()
    const signed = await new LogWriter({ identity: 'alice' }).write()
    const unsigned = await new LogWriter({ identity: 'alice', signed: false }).write()
    await append(store, signed)
    expect(await store.place(unsigned)).toEqual({ status: 'known' })
  })
})

describe('a batch after a gap is held', () => {
  test.each([
    [0, 1],
    [2, 3],
  ])('when messages of its log are missing, %i of them stored', async (stored, left) => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const batches: SignedBatch[] = []
    for (let i = 0; i < 4; i++) batches.push(await writer.write({ count: 2 }))
    await appendAll(store, batches.slice(0, stored))
    expect(await store.place(batches[left] as SignedBatch)).toMatchObject({
      status: 'held',
      missing: { id: writer.log, first: stored * 2, last: left * 2 - 1 },
    })
    expect(store.end).toBe(stored * 2)
  })

  test.each([0, 1])(
    'when the run that it follows is missing, or its end is, %i batches stored',
    async (stored) => {
      const store = await openStore()
      const writer = new LogWriter({ identity: 'alice' })
      const { log } = writer
      const before = [await writer.write({ count: 2 }), await writer.write({ count: 3 })]
      const next = await writer.newRun().write()
      await appendAll(store, before.slice(0, stored))
      expect(await store.place(next)).toMatchObject({
        status: 'held',
        missing: { id: log, first: stored * 2, last: 4 },
      })
      await appendAll(store, before.slice(stored))
      await entered(store, 6)
      await expectSoundOrder(store)
    },
  )
})

test('logs of other senders, channels and runs do not touch each other', async () => {
  const store = await openStore()
  const writers = [
    new LogWriter({ identity: 'alice' }),
    new LogWriter({ identity: 'alice', runs: 'another' }),
    new LogWriter({ identity: 'alice', channel: 'topic/test2' }),
    new LogWriter({ identity: 'alice', channel: 'topic/tes' }),
    new LogWriter({ identity: 'bob' }),
  ]
  for (let i = 0; i < 3; i++)
    for (const writer of writers) await append(store, await writer.write({ count: 2 }))
  await expectSoundOrder(store)
})
