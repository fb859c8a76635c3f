import { expect, test } from 'vitest'
import { appendAll, collect } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

test('a page costs what the page holds, whatever else is stored', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const rare = new LogWriter({ identity: 'rare', signed: false })
  const rareElsewhere = new LogWriter({ identity: 'rare', channel: 'topic/other', signed: false })
  const often = new LogWriter({ identity: 'often', signed: false })
  await appendAll(store, [await rare.write()])
  for (let i = 0; i < 1000; i++) await appendAll(store, [await often.write(), await rareElsewhere.write()])
  await appendAll(store, [await rare.write()])
  for (const reverse of [false, true]) {
    database.entriesRead = 0
    const options = { channel: 'topic/test', sender: rare.signer.publicKey, reverse }
    expect(await collect(store.read(options))).toHaveLength(2)
    expect(database.entriesRead).toBeLessThan(10)
  }
})

test('a reader that stops early leaves no iteration open', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const writer = new LogWriter({ identity: 'alice', signed: false })
  for (let i = 0; i < 100; i++) await appendAll(store, [await writer.write()])
  for (const options of [{}, { channel: 'topic/test' }, { from: 50, reverse: true }]) {
    for await (const { position } of store.read(options)) if (position >= 0) break
  }
  for await (const _ of store.readLog({ log: writer.log, first: 0, last: 99 })) break
  const reason = new Error('enough')
  const controller = new AbortController()
  const reading = store.read({ signal: controller.signal })
  await reading.next()
  controller.abort(reason)
  await expect(reading.next()).rejects.toBe(reason)
  await appendAll(store, [await new LogWriter({ identity: 'bob' }).write()])
  expect(await store.heads(0, ['topic/test', 'topic/other'], 1)).toMatchObject({ more: true })
  expect(database.openIterations).toBe(0)
})
