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

test('a rare combination of what is frequent costs what it holds', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const writers = ['a', 'b'].flatMap((identity) =>
    ['x', 'y'].map((topic) => new LogWriter({ identity, channel: `topic/${topic}`, signed: false })),
  ) as [LogWriter, LogWriter, LogWriter, LogWriter]
  const [ax, ay, bx] = writers
  await appendAll(store, [await ax.write({ types: ['t'] })])
  for (let i = 0; i < 300; i++) {
    await appendAll(store, [
      await ax.write({ types: ['u'] }),
      await ay.write({ types: ['t'] }),
      await bx.write({ types: ['t'] }),
    ])
  }
  await appendAll(store, [await ax.write({ types: ['u', 't'] })])
  const { publicKey: sender } = ax.signer
  for (const reverse of [false, true]) {
    database.entriesRead = 0
    expect(await collect(store.read({ channel: 'topic/x', sender, type: 't', reverse }))).toHaveLength(2)
    expect(database.entriesRead).toBeLessThan(10)
  }
})

test('batches of many types are found by leaping over what is not asked for', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const many = ['a', 'b', 'c', 'd', 'e']
  const rare = new LogWriter({ identity: 'rare', signed: false })
  const often = new LogWriter({ identity: 'often', signed: false })
  const expected: number[] = []
  const write = async (writer: LogWriter, types: string[]) => {
    const [stored] = await appendAll(store, [await writer.write({ types })])
    if (writer === rare && types.includes('a')) expected.push(stored?.position ?? -1)
  }
  for (let round = 0; round < 3; round++) {
    await write(rare, many)
    for (let i = 0; i < 200; i++) await write(often, many)
    for (let i = 0; i < 200; i++) await write(rare, many.slice(1))
    await write(rare, ['a', 'b'])
    await write(rare, [...many, 'f'])
  }
  const { publicKey: sender } = rare.signer
  for (const reverse of [false, true]) {
    database.entriesRead = 0
    const found = await collect(store.read({ sender, type: 'a', reverse }))
    expect(found.map(({ position }) => position)).toEqual(reverse ? expected.toReversed() : expected)
    expect(database.entriesRead).toBeLessThan(600)
  }
  expect(database.openIterations).toBe(0)
})

test('a reader that stops early leaves no iteration open', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const writer = new LogWriter({ identity: 'alice', signed: false })
  for (let i = 0; i < 100; i++) await appendAll(store, [await writer.write()])
  const type = 'message'
  const ways = [
    {},
    { channel: 'topic/test' },
    { from: 50, reverse: true },
    { type },
    { type, sender: writer.signer.publicKey },
  ]
  for (const options of ways) {
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
