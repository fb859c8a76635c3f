import { encodePastelId } from '@pastel-mesh/identity'
import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { MessageStore, RetentionRules } from '../src/index.ts'
import { append, appendAll, collect, inShort, offer } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const DAY_MS = 24 * 60 * 60_000
const NOBODY = new Uint8Array(57)

/** Removes everything that may be removed. */
function pruneAll(store: MessageStore, rules: Partial<RetentionRules> = {}) {
  return store.prune({
    receivedBeforeMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.MAX_SAFE_INTEGER,
    own: NOBODY,
    ...rules,
  })
}

async function fill(store: MessageStore, writer: LogWriter, batches: number): Promise<SignedBatch[]> {
  const all: SignedBatch[] = []
  for (let i = 0; i < batches; i++) all.push(await writer.write({ count: 2 }))
  await appendAll(store, all)
  return all
}

describe('retention', () => {
  test('by age removes what came earlier, and all its indexes', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const alice = new LogWriter({ identity: 'alice', signed: false })
    await fill(store, alice, 4)
    const [last] = await fill(store, alice, 1)
    expect(await pruneAll(store, { receivedBeforeMs: Date.now() - DAY_MS })).toMatchObject({ entries: 0 })
    expect(await pruneAll(store)).toMatchObject({ entries: 4, pinned: 0 })
    expect(await inShort(store)).toEqual(['8-9'])
    const { sender, channel } = (last as SignedBatch).batch
    const type = 'message'
    for (const options of [
      { sender },
      { channel },
      { sender, channel },
      { type },
      { type, sender },
      { type, channel },
      { type, sender, channel },
    ]) {
      const positions: number[] = []
      for await (const { position } of store.read(options)) positions.push(position)
      expect(positions).toEqual([8])
    }
    const families = new Map<string, number>()
    for await (const [key] of database.iterate({ gte: Buffer.from('A'), lt: Buffer.from('Z') })) {
      const family = key.toString('latin1', 0, 1)
      families.set(family, (families.get(family) ?? 0) + 1)
    }
    for (const family of ['A', 'B', 'C', 'L', 'S']) expect(families.get(family), family).toBe(1)
    expect(families.get('T')).toBe(4)
  })

  test('removes a batch of many types from under each of them', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const alice = new LogWriter({ identity: 'alice', signed: false })
    const types = Array.from({ length: 512 }, (_, i) => `type ${i}`)
    await append(store, await alice.write({ types }))
    await append(store, await alice.write({ types: types.slice(0, 5) }))
    const listed = async () =>
      (await collect(database.iterate({ gte: Buffer.from('T'), lt: Buffer.from('V') }))).length
    expect(await listed()).toBe(512 + 5)
    await pruneAll(store)
    expect(await listed()).toBe(5)
  })

  test('by size removes the oldest, no more than it must', async () => {
    const store = await openStore()
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 20)
    const { storedBytes } = store.sizes
    const pruned = await pruneAll(store, { receivedBeforeMs: 0, maxBytes: storedBytes / 2 })
    expect(store.sizes.storedBytes + pruned.sizeBytes / pruned.entries).toBeGreaterThan(storedBytes / 2)
    expect(store.sizes.storedBytes).toBeLessThanOrEqual(storedBytes / 2)
    expect(store.sizes.storedBytes).toBe(storedBytes - pruned.sizeBytes)
  })

  describe('by size', () => {
    const sizeOf = async (store: MessageStore, writer: LogWriter) =>
      (await collect(store.read({ sender: writer.signer.publicKey }))).length
    const by = (identity: string) => new LogWriter({ identity, signed: false })

    test('takes from who stores the most: a flood costs nobody else its history', async () => {
      const store = await openStore()
      const [alice, bob, mallory] = [by('alice'), by('bob'), by('mallory')]
      await fill(store, alice, 5)
      await fill(store, bob, 10)
      const { storedBytes } = store.sizes
      const flood = await fill(store, mallory, 60)
      await fill(store, bob, 1)
      const early = await store.cursorAt(0)
      const rules = { receivedBeforeMs: 0, maxBytes: storedBytes * 2 }
      const { entries } = await pruneAll(store, rules)
      expect(store.sizes.storedBytes).toBeLessThanOrEqual(rules.maxBytes)
      expect(await sizeOf(store, alice)).toBe(5)
      expect(await sizeOf(store, bob)).toBe(11)
      // Of its own the oldest, and no more than it must.
      expect(entries).toBeGreaterThan(40)
      expect(entries).toBeLessThan(50)
      const left = await collect(store.read({ sender: mallory.signer.publicKey }))
      expect(left.map(({ position }) => position)).toEqual(
        Array.from({ length: 60 - entries }, (_, i) => 30 + 2 * (entries + i)),
      )
      expect(await offer(store, flood[0] as SignedBatch)).toEqual({ status: 'pruned' })
      expect(await store.checkCursor(early)).toBe('pruned')
      await append(store, await mallory.write())

      // What each stores is known after a restart, and what is removed is not counted any more.
      await store.stop()
      await store.start()
      await pruneAll(store, { ...rules, maxBytes: storedBytes * 1.2 })
      expect(await sizeOf(store, alice)).toBe(5)
      const [bobs, mallorys] = [await sizeOf(store, bob), await sizeOf(store, mallory)]
      expect(Math.abs(bobs - mallorys)).toBeLessThanOrEqual(1)
      expect(store.sizes.storedBytes).toBeLessThanOrEqual(storedBytes * 1.2)
    })

    test('leaves what others lack wanted: it comes late, and is not taken for removed', async () => {
      const store = await openStore()
      const [alice, mallory] = [by('alice'), by('mallory')]
      await fill(store, mallory, 2)
      const missing = await alice.write({ count: 2 })
      await offer(store, await alice.write())
      for (const gap of await store.gaps(10)) await store.giveUp(gap, 'denied')
      await store.settled()
      const range = { log: missing.log, first: 0, last: 1 }
      const { storedBytes } = store.sizes
      const lostAt = store.end
      await fill(store, mallory, 60)
      await pruneAll(store, { receivedBeforeMs: 0, maxBytes: storedBytes * 2 })
      // What says that it is lost is below the floor, and stays.
      expect(store.floor).toBeGreaterThan(lostAt)
      expect(await store.lostRanges(10)).toEqual([range])
      expect(await store.wasPruned(range)).toBe(false)
      expect(await offer(store, missing)).toMatchObject({ status: 'appended' })
      expect(await store.lostRanges(10)).toEqual([])

      // Once retention removes that entry, nothing of it is wanted any more.
      const next = await alice.write({ count: 2 })
      await offer(store, await alice.write())
      for (const gap of await store.gaps(10)) await store.giveUp(gap, 'denied')
      await store.settled()
      await fill(store, mallory, 1)
      await pruneAll(store)
      expect(await store.lostRanges(10)).toEqual([])
      expect(await offer(store, next)).toEqual({ status: 'pruned' })
    })

    test('tells a follower wherever it passes over what is gone', async () => {
      const store = await openStore()
      const [alice, mallory] = [by('alice'), by('mallory')]
      for (let i = 0; i < 40; i += 1) {
        await fill(store, alice, 1)
        await fill(store, mallory, 3)
      }
      await store.stop()
      await store.start()
      const follower = store.follow({ channel: 'topic/test' })
      expect((await follower.next()).value).toMatchObject({ position: 0 })
      const { end, sizes } = store
      const expected = new Map<string, number>()
      const untold = new Set<string>()
      let position = 2
      let notices = 0
      for (let i = 0; position < end; i += 1) {
        // Each time more of what lies around the follower, and ahead of it.
        if (i % 20 === 0) {
          await pruneAll(store, { receivedBeforeMs: 0, maxBytes: sizes.storedBytes * (0.9 - i / 500) })
        }
        const { value: entry } = await follower.next()
        if (entry?.kind === 'removed') {
          notices += 1
          untold.clear()
        } else if (entry?.kind === 'batch') {
          position = entry.position + entry.count
          const { log, batch } = entry.signed
          // Between what it was shown of a log before the gap and after it.
          if (batch.first !== (expected.get(log) ?? 0) && untold.has(log)) throw new Error(`${position}`)
          expected.set(log, batch.first + batch.count)
          untold.add(log)
        }
      }
      expect(notices).toBeGreaterThan(0)
      expect(await sizeOf(store, alice)).toBe(40)
    })
  })

  test('knows how much is stored after a restart', async () => {
    const store = await openStore()
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 5)
    await pruneAll(store, { maxBytes: 0 })
    const { sizes, floor, end } = store
    await store.stop()
    await store.start()
    expect({ sizes: store.sizes, floor: store.floor, end: store.end }).toEqual({ sizes, floor, end })
    const [next] = await fill(store, new LogWriter({ identity: 'bob', signed: false }), 1)
    expect(await store.has(next as SignedBatch)).toBe(true)
  })

  test('leaves the logs where they were: what is removed is not new, and the log goes on', async () => {
    const store = await openStore()
    const alice = new LogWriter({ identity: 'alice' })
    const [first, second, third] = (await fill(store, alice, 3)) as [SignedBatch, SignedBatch, SignedBatch]
    await pruneAll(store)
    await store.stop()
    await store.start()
    for (const signed of [first, second]) expect(await offer(store, signed)).toEqual({ status: 'pruned' })
    expect(await offer(store, third)).toEqual({ status: 'known' })
    expect(await store.wasPruned({ log: first.log, first: 0, last: 3 })).toBe(true)
    expect(await store.wasPruned({ log: first.log, first: 0, last: 6 })).toBe(false)
    await append(store, await alice.write())
    await append(store, await alice.newRun().write())
  })

  test('of a log that was forgotten long after leaves a time: its batches are not new either', async () => {
    const store = await openStore()
    const alice = new LogWriter({ identity: 'alice', startedAtMs: Date.now() })
    const old = await fill(store, alice, 2)
    const { log, logBytes } = old[0] as SignedBatch
    await fill(store, alice.newRun(), 2)
    await pruneAll(store, { nowMs: Date.now() + 10 * DAY_MS })
    expect(await store.log(log, logBytes)).toBeDefined()
    await pruneAll(store, { nowMs: Date.now() + 31 * DAY_MS })
    expect(await store.log(log, logBytes)).toBeUndefined()
    await store.stop()
    await store.start()
    for (const signed of old) expect(await offer(store, signed)).toEqual({ status: 'pruned' })
    // The run that is gone on with is remembered however old it is.
    await append(store, await alice.write())
    await append(store, await alice.newRun().write())
  })

  test('forgets no log of which nothing was stored: it stays lost, frozen or before the history', async () => {
    const store = await openStore()
    const alice = new LogWriter({ identity: 'alice', startedAtMs: Date.now() })
    const old = [await alice.write({ count: 2 }), await alice.write({ count: 2 })]
    const next = await alice.newRun().write()
    await offer(store, next, { wantedSinceMs: next.batch.createdAtMs + 1 })
    const before = await inShort(store)
    await pruneAll(store, { receivedBeforeMs: 0 })
    for (const signed of old) {
      expect((await offer(store, signed, { wantedSinceMs: next.batch.createdAtMs + 1 })).status).toBe(
        'pruned',
      )
    }
    expect(await inShort(store)).toEqual(before)
  })

  test('is said to a follower that was slow, where it passes over what is gone', async () => {
    const store = await openStore()
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 100)
    // Nothing is in memory any more.
    await store.stop()
    await store.start()
    const follower = store.follow({ channel: 'topic/test' })
    expect((await follower.next()).value).toMatchObject({ position: 0 })
    await pruneAll(store)
    const rest = []
    for await (const { kind, position } of follower) {
      rest.push({ isRemoved: kind === 'removed', position })
      if (kind !== 'removed' && position === 198) break
    }
    // What it had read already comes before the place where it passes over what is gone, and no place goes back.
    expect(rest.length).toBeGreaterThan(3)
    expect(rest.slice(-2)).toEqual([
      { isRemoved: true, position: 198 },
      { isRemoved: false, position: 198 },
    ])
    const places = rest.map(({ position }) => position)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    // What was removed before the next entry is told before it.
    expect(rest[0]?.isRemoved).toBe(true)
  })

  test('behind a failed commit removes nothing twice and loses no count', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 6)
    const { storedBytes } = store.sizes
    const reopened = new Promise<void>((resolve) => store.onReopened(resolve))
    database.failNextWrite()
    await expect(pruneAll(store)).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await reopened
    expect(store.sizes.storedBytes).toBe(storedBytes)
    expect(store.floor).toBe(0)
    expect(await pruneAll(store)).toMatchObject({ entries: 5 })
  })
})

describe('a cursor', () => {
  test('behind what was removed is told so; one at or above the floor is fine', async () => {
    const store = await openStore()
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 5)
    const cursors = await Promise.all([0, 2, 6, 8, 10].map((position) => store.cursorAt(position)))
    await pruneAll(store)
    expect(store.floor).toBe(8)
    const states = await Promise.all(cursors.map((cursor) => store.checkCursor(cursor)))
    expect(states).toEqual(['pruned', 'pruned', 'pruned', 'ok', 'ok'])
    expect(await store.cursorAt(8)).toEqual(cursors[3])
  })

  test('of another store is foreign, whatever was removed', async () => {
    const [store, other] = [await openStore(), await openStore()]
    await fill(store, new LogWriter({ identity: 'alice', signed: false }), 3)
    await fill(other, new LogWriter({ identity: 'alice', signed: false }), 3)
    await pruneAll(store)
    expect(await store.checkCursor(await other.cursorAt(2))).toBe('foreign')
  })
})

describe('own batches are pinned', () => {
  async function openOwn(channel: string, change = {}) {
    const directory = await temporaryFolder()
    const store = await openStore({ directory })
    const writer = new LogWriter({ identity: 'me', channel, startedAtMs: Date.now() })
    for (let i = 0; i < 3; i++) await append(store, await writer.write({ count: 2, change }), { own: true })
    const own = writer.signer.publicKey
    await append(store, await new LogWriter({ identity: 'other' }).write())
    return { store, own, directory }
  }

  test('until some member has read the topic so far', async () => {
    const { store, own } = await openOwn('topic/prices')
    expect(await pruneAll(store, { own })).toMatchObject({ entries: 0, pinned: 3 })
    store.passed('topic/other', 6)
    store.passed('topic/prices', 4)
    expect(await pruneAll(store, { own })).toMatchObject({ entries: 2, pinned: 1 })
    await store.stop()
    await store.start()
    store.passed('topic/prices', 6)
    expect(await pruneAll(store, { own })).toMatchObject({ entries: 1, pinned: 0 })
  })

  test('how far members have read is remembered', async () => {
    const { store, own, directory } = await openOwn('topic/prices')
    store.passed('topic/prices', 6)
    await pruneAll(store, { own, receivedBeforeMs: 0 })
    await store.stop()
    const again = await openStore({ directory })
    expect(await pruneAll(again, { own })).toMatchObject({ entries: 3, pinned: 0 })
  })

  test('how far members have read is forgotten where nothing own is left', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const writer = new LogWriter({ identity: 'me', channel: 'topic/prices' })
    await append(store, await writer.write(), { own: true })
    await append(store, await new LogWriter({ identity: 'other' }).write())
    const places = async () => {
      const channels: string[] = []
      const keys = { gte: Buffer.from('P'), lt: Buffer.from('Q') }
      for await (const [key] of database.iterate(keys)) channels.push(key.toString('utf8', 1))
      return channels
    }
    const own = writer.signer.publicKey
    for (let i = 0; i < 100; i++) store.passed(`topic/none-${i}`, 1)
    store.passed('topic/prices', 1)
    expect(await pruneAll(store, { own })).toMatchObject({ entries: 1, pinned: 0 })
    expect(await places()).toEqual(['topic/prices'])
    await pruneAll(store, { own })
    expect(await places()).toEqual([])
  })

  test('in an inbox until they expire', async () => {
    const recipient = encodePastelId(new LogWriter({ identity: 'recipient' }).signer.publicKey)
    const expiresAtMs = Date.now() + DAY_MS
    const { store, own } = await openOwn(`inbox/${recipient}`, { expiresAtMs })
    expect(await pruneAll(store, { own })).toMatchObject({ entries: 0, pinned: 3 })
    expect(await pruneAll(store, { own, nowMs: expiresAtMs })).toMatchObject({ entries: 3, pinned: 0 })
  })
})
