import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { append, appendAll } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const HASH = new Uint8Array(32).fill(7)

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

describe('a batch leaves a gap', () => {
  test.each([
    [0, 1],
    [2, 3],
  ])('when messages of its log are missing, %i of them stored', async (stored, left) => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const batches: SignedBatch[] = []
    for (let i = 0; i < 4; i++) batches.push(await writer.write({ count: 2 }))
    await appendAll(store, batches.slice(0, stored))
    expect(await store.place(batches[left] as SignedBatch)).toEqual({
      status: 'gap',
      missing: { log: writer.log, first: stored * 2, last: left * 2 - 1 },
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
      expect(await store.place(next)).toEqual({
        status: 'gap',
        missing: { log, first: stored * 2, last: 4 },
      })
      await appendAll(store, [...before.slice(stored), next])
      await expectSoundOrder(store)
    },
  )
})

describe('a batch is a conflict', () => {
  test('when another batch has its position', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const other = await writer.fork().write({ bodies: [Buffer.from('other')] })
    await append(store, await writer.write())
    expect(await store.place(other)).toMatchObject({ status: 'conflict' })
    await expectSoundOrder(store)
  })

  test('when it begins inside of another batch, or reaches over it', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const fork = writer.fork()
    const late = writer.fork()
    await append(store, await writer.write({ count: 4 }))
    await fork.write({ count: 2 })
    expect(await store.place(await fork.write())).toMatchObject({ status: 'conflict' })
    expect(await store.place(await late.write({ count: 8 }))).toMatchObject({ status: 'conflict' })
  })

  test('when it names another predecessor than the stored one', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const fork = writer.fork()
    await append(store, await writer.write())
    await fork.write({ bodies: [Buffer.from('other')] })
    expect(await store.place(await fork.write())).toMatchObject({ status: 'conflict' })
    expect(store.end).toBe(1)
  })

  test('when it was made before its predecessor, in its log or the one that it follows', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const first = await writer.write()
    await append(store, first)
    const createdAtMs = first.batch.createdAtMs - 1
    expect(await store.place(await writer.fork().write({ change: { createdAtMs } }))).toMatchObject({
      status: 'conflict',
    })
    expect(await store.place(await writer.fork().newRun().write({ change: { createdAtMs } }))).toMatchObject({
      status: 'conflict',
    })
    const same = { createdAtMs: first.batch.createdAtMs }
    await append(store, await writer.write({ change: same }))
  })

  test('when it follows a run at a head that was not its last', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write({ count: 2 }))
    const fork = writer.fork()
    await append(store, await writer.write())
    expect(await store.place(await fork.newRun().write())).toMatchObject({ status: 'conflict' })
  })

  test('when it follows the right head by another hash', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await append(store, await writer.write())
    const next = await writer.newRun().write({ change: { previous: HASH } })
    expect(await store.place(next)).toMatchObject({ status: 'conflict' })
  })
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
