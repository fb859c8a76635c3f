import { messageId } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { type MessageStore, openMessageProof, type ReadOptions, type StoredBatch } from '../src/index.ts'
import { append, collect, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { InboxWriter, publicKeyOf, type Sealed } from './fixtures/inbox.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function batchesOf(store: MessageStore, options: ReadOptions = {}): Promise<StoredBatch[]> {
  return (await collect(store.read(options))).filter((entry) => entry.kind === 'batch')
}

function typesIn(stored: StoredBatch): string[] {
  return stored.messages().map(({ type }) => type)
}

function giveUpAll(store: MessageStore) {
  return store.gaps(10).then((gaps) => Promise.all(gaps.map((gap) => store.giveUp(gap, 'denied'))))
}

async function restart(store: MessageStore): Promise<void> {
  await store.stop()
  await store.start()
}

/** Everything that is stored under a family of keys. */
async function keysOf(database: FaultyDatabase, family: string): Promise<number> {
  const lt = Buffer.of(family.charCodeAt(0) + 1)
  return (await collect(database.iterate({ gte: Buffer.from(family), lt }))).length
}

describe('a sealed batch', () => {
  test('is read with the secret that it was placed with, by every way, also after a restart', async () => {
    const directory = await temporaryFolder()
    const store = await openStore({ directory })
    const writer = new InboxWriter({ from: 'alice', to: 'me' })
    const { signed, secret } = await writer.write({ types: ['a', 'b'] })
    const stored = await append(store, signed, { secret })
    expect(typesIn(stored)).toEqual(['a', 'b'])
    await restart(store)
    const id = messageId(signed.log, 1)
    const ways: StoredBatch[] = [
      ...(await batchesOf(store)),
      ...(await batchesOf(store, { channel: signed.batch.channel })),
      ...(await batchesOf(store, { type: 'b', sender: signed.batch.sender })),
      ...(await collect(store.readLog({ log: signed.log, first: 0, last: 1 }))),
    ]
    const found = await store.findMessage(id)
    if (found !== undefined) ways.push(found.stored)
    for await (const entry of store.follow()) {
      if (entry.kind === 'batch') ways.push(entry)
      break
    }
    expect(ways).toHaveLength(6)
    for (const way of ways) {
      expect(way.isReadable).toBe(true)
      expect(Buffer.from(way.secret ?? [])).toEqual(Buffer.from(secret))
      expect(typesIn(way)).toEqual(['a', 'b'])
    }
    await expectSoundOrder(store)
    await store.stop()
    const proof = await openMessageProof(directory, id)
    expect(proof).toEqual({ envelope: Buffer.from(signed.envelope), secret: Buffer.from(secret) })
  })

  test('without its secret says that it cannot be read, and is listed under no type', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { signed } = await new InboxWriter({ from: 'alice', to: 'bob' }).write({ types: ['a'] })
    await append(store, signed, { carried: true })
    for (let i = 0; i < 2; i++) {
      const [stored] = (await batchesOf(store)) as [StoredBatch]
      expect(stored.isReadable).toBe(false)
      expect(() => stored.messages()).toThrow(expect.objectContaining({ code: 'ERR_SEALED' }))
      expect(await batchesOf(store, { type: 'a' })).toEqual([])
      await restart(store)
    }
    // Also if whoever placed it knew what is in it: what removes it does not.
    const other = await new InboxWriter({ from: 'carol', to: 'bob' }).write({ types: ['a'] })
    const readable = await append(store, other.signed, { carried: true, messages: [] })
    expect(readable.isReadable).toBe(true)
    expect(await keysOf(database, 'T')).toBe(0)
  })

  test('that was held enters with its secret, over a restart', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new InboxWriter({ from: 'alice', to: 'me' })
    const [first, second, third] = [await writer.write(), await writer.write(), await writer.write()]
    for (const { signed, secret } of [third, second]) {
      expect(await offer(store, signed, { secret })).toMatchObject({ status: 'held' })
    }
    expect(await keysOf(database, 'I')).toBe(2)
    await restart(store)
    await offer(store, first.signed, { secret: first.secret })
    await store.settled()
    const all = await batchesOf(store)
    expect(all.map(({ signed, secret }) => [signed.batch.first, Buffer.from(secret ?? [])])).toEqual(
      [first, second, third].map(({ secret }, i) => [i, Buffer.from(secret)]),
    )
    expect(await keysOf(database, 'I')).toBe(0)
    await expectSoundOrder(store)
  })

  test('of a commit that failed is not there, and comes again with its secret', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { signed, secret } = await new InboxWriter({ from: 'alice', to: 'me' }).write({ types: ['a'] })
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    database.failNextWrite()
    await expect(append(store, signed, { secret })).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await reopened
    expect(await batchesOf(store)).toEqual([])
    await append(store, signed, { secret })
    await restart(store)
    expect((await batchesOf(store, { type: 'a' })).flatMap(typesIn)).toEqual(['a'])
  })

  test('that is late has its secret too', async () => {
    const store = await openStore()
    const writer = new InboxWriter({ from: 'alice', to: 'me' })
    const [first, second] = [await writer.write({ types: ['a'] }), await writer.write({ types: ['b'] })]
    await offer(store, second.signed, { secret: second.secret })
    await giveUpAll(store)
    await store.settled()
    const late = await append(store, first.signed, { secret: first.secret })
    expect(late).toMatchObject({ lostAt: 0, isReadable: true })
    await restart(store)
    const [again] = (await batchesOf(store, { type: 'a' })) as [StoredBatch]
    expect(again.lostAt).toBe(0)
    expect(Buffer.from(again.secret ?? [])).toEqual(Buffer.from(first.secret))
    await expectSoundOrder(store)
  })

  test('that is own is read by who wrote it, and its log is the one that is gone on with', async () => {
    const store = await openStore()
    const writer = new InboxWriter({ from: 'me', to: 'bob' })
    const sent: Sealed[] = [await writer.write({ types: ['a'] }), await writer.write({ types: ['b'] })]
    for (const { signed, secret } of sent) await append(store, signed, { own: true, secret })
    await restart(store)
    expect((await batchesOf(store)).flatMap(typesIn)).toEqual(['a', 'b'])
    const { log } = (sent[0] as Sealed).signed
    expect(await store.ownTip(writer.sender, writer.writer.channel)).toMatchObject({ id: log, next: 2 })
  })

  test('takes its secret and its types along when it is removed', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { signed, secret } = await new InboxWriter({ from: 'alice', to: 'me' }).write()
    const { storedBytes } = store.sizes
    await append(store, signed, { secret })
    await append(store, await new LogWriter({ identity: 'alice', signed: false }).write({ types: ['b'] }))
    const own = publicKeyOf('me')
    const rules = { receivedBeforeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER, own }
    expect(await store.prune(rules)).toMatchObject({ entries: 1, pinned: 0 })
    expect(await keysOf(database, 'T')).toBe(4)
    const disk = Buffer.concat(
      (await collect(database.iterate({ gte: Buffer.of(0) }))).map(([, value]) => value),
    )
    expect(disk.includes(Buffer.from(secret))).toBe(false)
    expect(store.sizes.storedBytes).toBeGreaterThan(storedBytes)
  })

  test('takes no secret that cannot be its own', async () => {
    const store = await openStore()
    const { signed, secret } = await new InboxWriter({ from: 'alice', to: 'me' }).write()
    const refused = { code: 'ERR_SECRET' }
    await expect(store.place(signed, { secret: secret.subarray(1) })).rejects.toMatchObject(refused)
    const plain = await new LogWriter({ identity: 'alice' }).write()
    await expect(store.place(plain, { secret })).rejects.toMatchObject(refused)
    expect(store.end).toBe(0)
  })
})
