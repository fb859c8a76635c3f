import { describe, expect, test } from 'vitest'
import type { MessageStore, RetentionRules, StoredBatch } from '../src/index.ts'
import { append, collect, inShort } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { InboxWriter, publicKeyOf } from './fixtures/inbox.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const HOUR_MS = 60 * 60_000
const own = publicKeyOf('me')

/** Removes what may be removed for its age. */
function pruneOld(store: MessageStore, rules: Partial<RetentionRules> = {}) {
  return store.prune({
    receivedBeforeMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.MAX_SAFE_INTEGER,
    own,
    ...rules,
  })
}

/** Removes what must not be kept however young it is. */
function pruneYoung(store: MessageStore, rules: Partial<RetentionRules> = {}) {
  return pruneOld(store, { receivedBeforeMs: 0, ...rules })
}

/** Something that is not about an inbox: the last entry of an order is never removed. */
async function appendTopic(store: MessageStore, identity: string): Promise<StoredBatch> {
  return append(store, await new LogWriter({ identity, signed: false }).write())
}

/** Batches of two messages: of this node to bob, of alice to bob by way of this node, and of alice to this node. */
async function fill(store: MessageStore) {
  const sent = new InboxWriter({ from: 'me', to: 'bob' })
  const kept = new InboxWriter({ from: 'alice', to: 'bob' })
  const got = new InboxWriter({ from: 'alice', to: 'me' })
  const expiresAtMs = Date.now() + HOUR_MS
  const write = async (writer: InboxWriter) => writer.write({ count: 2, change: { expiresAtMs } })
  const outgoing: StoredBatch[] = []
  const incoming: StoredBatch[] = []
  for (let i = 0; i < 3; i++) {
    const one = await write(sent)
    outgoing.push(await append(store, one.signed, { own: true, secret: one.secret }))
    outgoing.push(await append(store, (await write(kept)).signed, { carried: true }))
    const two = await write(got)
    incoming.push(await append(store, two.signed, { secret: two.secret }))
  }
  await appendTopic(store, 'carol')
  return { sent, kept, got, outgoing, incoming, expiresAtMs }
}

/** What waits, by what the order says. */
function bytesOf(batches: readonly StoredBatch[], sender: Uint8Array): number {
  return batches
    .filter(({ signed }) => Buffer.compare(signed.batch.sender, sender) === 0)
    .reduce((sum, { envelope }) => sum + envelope.length, 0)
}

function inShortBytes(store: MessageStore) {
  const { totalBytes, totalBatches, ownBytes, ownBatches, bySender } = store.carriedBytes()
  return { totalBytes, totalBatches, ownBytes, ownBatches, alice: bySender(publicKeyOf('alice')) }
}

async function restart(store: MessageStore): Promise<void> {
  await store.stop()
  await store.start()
}

function reopened(store: MessageStore): Promise<void> {
  return new Promise((resolve) => {
    const remove = store.onReopened(() => {
      remove()
      resolve()
    })
  })
}

describe('what is for the inbox of somebody else', () => {
  test('stays, whoever wrote it; what is for this node, and for a topic, goes as ever', async () => {
    const store = await openStore()
    await fill(store)
    await restart(store)
    expect(await pruneOld(store)).toMatchObject({ entries: 3, pinned: 6 })
    expect(await pruneOld(store, { maxBytes: 0 })).toMatchObject({ entries: 0, pinned: 6 })
  })

  test('stays until it is delivered, as far as it is, also if that was said before a restart', async () => {
    const store = await openStore()
    const { sent, kept } = await fill(store)
    // Of the second batch only the first message.
    await store.delivered([
      { log: sent.writer.log, first: 0, last: 2 },
      { log: kept.writer.log, first: 2, last: 3 },
    ])
    await restart(store)
    expect(await pruneOld(store)).toMatchObject({ entries: 5, pinned: 4 })
    expect(await inShort(store)).toEqual(['0-1', '2-3', '4-5', '4-5', '0-0'])
    expect(store.sizes).toMatchObject({ storedBatches: 5, storedMessages: 9 })
    await store.delivered([{ log: sent.writer.log, first: 0, last: 100 }])
    await store.delivered([{ log: kept.writer.log, first: 0, last: 100 }])
    await restart(store)
    expect(await pruneOld(store)).toMatchObject({ entries: 4, pinned: 0 })
    expect(await inShort(store)).toEqual(['0-0'])
  })

  test('stays until it expires', async () => {
    const store = await openStore()
    const { expiresAtMs } = await fill(store)
    expect(await pruneOld(store, { nowMs: expiresAtMs - 1 })).toMatchObject({ entries: 3, pinned: 6 })
    expect(await pruneOld(store, { nowMs: expiresAtMs })).toMatchObject({ entries: 6, pinned: 0 })
  })

  test('goes, if others wrote it, however young it is, once it has expired or is delivered', async () => {
    const store = await openStore()
    const { kept, expiresAtMs } = await fill(store)
    expect(await pruneYoung(store)).toEqual({ entries: 0, sizeBytes: 0, pinned: 0 })
    await store.delivered([{ log: kept.writer.log, first: 0, last: 1 }])
    expect(await pruneYoung(store)).toMatchObject({ entries: 1 })
    await restart(store)
    expect(await pruneYoung(store, { nowMs: expiresAtMs })).toMatchObject({ entries: 2 })
    expect(await collect(store.readLog({ log: kept.writer.log, first: 0, last: 100 }))).toEqual([])
    // What this node wrote, and what was for it, is history.
    expect(await inShort(store)).toEqual(['0-1', '0-1', '2-3', '2-3', '4-5', '4-5', '0-0'])
    expect(store.sizes).toMatchObject({ storedBatches: 7, storedMessages: 13 })
    await restart(store)
    expect(store.sizes).toMatchObject({ storedBatches: 7, storedMessages: 13 })
  })

  test('is released once, by whoever looks for it at the same moment', async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const store = await openStore()
      const { kept } = await fill(store)
      const pruning = pruneOld(store)
      for (let i = 0; i < turns; i += 1) await Promise.resolve()
      const delivering = store.delivered([{ log: kept.writer.log, first: 0, last: 100 }])
      await Promise.all([pruning, delivering.then(() => store.removeDue()), store.removeDue()])
      await store.removeDue()
      await pruneOld(store)
      const left = await collect(store.read())
      expect(store.sizes).toMatchObject({
        storedBatches: left.filter(({ kind }) => kind === 'batch').length,
        storedMessages: left.reduce((sum, { kind, count }) => sum + (kind === 'batch' ? count : 0), 0),
      })
    }
  })

  test('leaves its place when it goes young: no cursor loses its history, and followers go on', async () => {
    const store = await openStore()
    const { kept, expiresAtMs } = await fill(store)
    const last = await append(store, (await kept.write({ change: { expiresAtMs } })).signed, {
      carried: true,
    })
    const { end } = store
    const cursors = await Promise.all(Array.from({ length: end + 1 }, (_, i) => store.cursorAt(i)))
    await pruneYoung(store, { nowMs: expiresAtMs })
    expect(await store.findMessage(`${last.signed.log}-${last.signed.batch.first}`)).toBeUndefined()
    for (let i = 0; i < 2; i++) {
      expect(store.floor).toBe(0)
      expect(store.end).toBe(end)
      for (const cursor of cursors) expect(await store.checkCursor(cursor)).toBe('ok')
      expect(await store.cursorAt(end)).toEqual(cursors.at(-1))
      await restart(store)
    }
    const followed = store.follow({ from: end - 1 })
    const next = followed.next()
    const appended = await appendTopic(store, 'dave')
    expect((await next).value).toMatchObject({ position: appended.position })
    await followed.return(undefined)
    // The places themselves go by age.
    expect(await pruneOld(store, { nowMs: expiresAtMs })).toMatchObject({ entries: 7 })
    expect(await inShort(store)).toEqual(['0-0'])
  })
})

describe('what a recipient said of own batches', () => {
  test('is known until they expire: what it rejected or lost waits no more, and is not delivered', async () => {
    const store = await openStore()
    const { sent, outgoing, expiresAtMs } = await fill(store)
    const batches = outgoing.filter(({ signed }) => signed.log === sent.writer.log) as StoredBatch[]
    const [first, second, third] = batches.map(({ signed }) => {
      const last = signed.batch.first + signed.batch.count - 1
      return { log: signed.log, first: signed.batch.first, last }
    })
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were sent')
    await store.delivered([
      { ...first, outcome: 'rejected' },
      { ...second, outcome: 'lost' },
      { ...third, outcome: 'entered' },
    ])
    await restart(store)
    const phases = () => Promise.all(batches.map((batch) => store.deliveryPhase(batch)))
    expect(await phases()).toEqual(['rejected', 'lost', 'none'])
    expect(store.carriedBytes().ownBytes).toBe(0)
    expect(await store.undeliveredLogs()).toEqual([])
    // What was lost may turn up.
    await store.delivered([{ ...second, outcome: 'entered' }])
    expect(await phases()).toEqual(['rejected', 'none', 'none'])
    // A recipient that was restored has nothing of it: then it waits again, and is counted.
    expect(await store.reopen([third], own)).toEqual([third])
    expect(await store.reopen([third], own)).toEqual([])
    expect(await phases()).toEqual(['rejected', 'none', 'reopened'])
    expect(store.carriedBytes().ownBatches).toBe(1)
    await pruneYoung(store, { nowMs: expiresAtMs })
    expect(await phases()).toEqual(['none', 'none', 'none'])
  })
})

describe('what is carried is counted', () => {
  test('by sender and in all, until it is delivered or removed, also after a restart', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { sent, kept, outgoing, expiresAtMs } = await fill(store)
    const ownBytes = bytesOf(outgoing, own)
    const alice = bytesOf(outgoing, kept.sender)
    const all = { totalBytes: alice, totalBatches: 3, ownBytes, ownBatches: 3, alice }
    expect(inShortBytes(store)).toEqual(all)
    expect(store.carriedBytes().bySender(own)).toBe(0)
    await restart(store)
    expect(inShortBytes(store)).toEqual(all)
    await store.delivered([{ log: sent.writer.log, first: 0, last: 3 }])
    await store.delivered([{ log: kept.writer.log, first: 2, last: 5 }])
    // Once more is not twice.
    await store.delivered([{ log: kept.writer.log, first: 2, last: 5 }])
    const some = inShortBytes(store)
    const [first] = outgoing.filter(({ signed }) => signed.log === kept.writer.log) as [StoredBatch]
    const firstBytes = first.envelope.length
    // What is delivered waits no more, and takes its room until it is removed.
    expect(some).toMatchObject({ totalBatches: 1, totalBytes: firstBytes, alice, ownBatches: 1 })
    await restart(store)
    expect(inShortBytes(store)).toEqual(some)
    await pruneYoung(store)
    expect(inShortBytes(store)).toEqual({ ...some, alice: firstBytes })
    await pruneYoung(store, { nowMs: expiresAtMs })
    const nothing = { totalBytes: 0, totalBatches: 0, ownBytes: 0, ownBatches: 0, alice: 0 }
    expect(inShortBytes(store)).toEqual(nothing)
    await restart(store)
    expect(inShortBytes(store)).toEqual(nothing)
    expect(await collect(database.iterate({ gte: Buffer.from('K'), lt: Buffer.from('L') }))).toEqual([])
  })

  test('by what is on disk after a failed commit, whatever it was of', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { kept, expiresAtMs } = await fill(store)
    const before = inShortBytes(store)
    const { signed } = await kept.write({ change: { expiresAtMs } })
    const delivered = [{ log: kept.writer.log, first: 0, last: 3 }]
    const steps: [() => Promise<unknown>, number][] = [
      [() => append(store, signed, { carried: true }), 4],
      [() => store.delivered(delivered), 2],
      [() => pruneYoung(store, { nowMs: expiresAtMs }), 0],
    ]
    for (const [step, batches] of steps) {
      const now = inShortBytes(store)
      const { storedBytes } = store.sizes
      const opened = reopened(store)
      database.failNextWrite()
      await expect(step()).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
      await opened
      expect(inShortBytes(store)).toEqual(now)
      expect(store.sizes.storedBytes).toBe(storedBytes)
      await step()
      expect(store.carriedBytes().totalBatches).toBe(batches)
      const after = inShortBytes(store)
      await restart(store)
      expect(inShortBytes(store)).toEqual(after)
    }
    expect(before.totalBatches).toBe(3)
    expect(inShortBytes(store)).toMatchObject({ totalBytes: 0, ownBytes: 0, alice: 0 })
  })

  test('not for oneself: neither what came to the own inbox, nor what is written there', async () => {
    const store = await openStore()
    const note = await new InboxWriter({ from: 'me', to: 'me' }).write()
    await append(store, note.signed, { own: true, secret: note.secret })
    await appendTopic(store, 'carol')
    expect(inShortBytes(store)).toMatchObject({ totalBatches: 0, ownBatches: 0 })
    expect(await pruneOld(store)).toMatchObject({ entries: 1, pinned: 0 })
  })
})

describe('what is told to be delivered', () => {
  test('is written together with what is said of it, all of it or none', async () => {
    const database = await FaultyDatabase.create()
    const store = await openStore({ database })
    const { outgoing } = await fill(store)
    const values = [{ name: 'receipt/one', value: Buffer.from('said') }]
    const range = { log: (outgoing[0] as StoredBatch).signed.log, first: 0, last: 3 }
    const writes = store.writer.stats.syncs
    await store.delivered([range], values)
    expect(store.writer.stats.syncs).toBe(writes + 1)
    expect(await collect(store.values.read('receipt/'))).toEqual([['receipt/one', Buffer.from('said')]])
    expect(await store.isUndelivered(outgoing[0] as StoredBatch)).toBe(false)
    database.failNextWrite()
    const again = reopened(store)
    const last = { ...range, last: 5 }
    await expect(
      store.delivered([last], [{ name: 'receipt/two', value: Buffer.from('more') }]),
    ).rejects.toThrow()
    await again
    expect(await collect(store.values.read('receipt/'))).toHaveLength(1)
    expect(await store.isUndelivered(outgoing[4] as StoredBatch)).toBe(true)
  })

  test('is found again when all of a log is told time and again', async () => {
    const store = await openStore()
    const writer = new InboxWriter({ from: 'me', to: 'bob' })
    const expiresAtMs = Date.now() + HOUR_MS
    for (let i = 0; i < 5; i += 1) {
      const { signed, secret } = await writer.write({ count: 2, change: { expiresAtMs } })
      const batch = await append(store, signed, { own: true, secret })
      // The first message of the batch is not all of it.
      await store.delivered([{ log: signed.log, first: 0, last: 2 * i }])
      expect(await store.isUndelivered(batch)).toBe(true)
      await store.delivered([{ log: signed.log, first: 0, last: 2 * i + 1 }])
      expect(await store.isUndelivered(batch)).toBe(false)
    }
    expect(store.carriedBytes()).toMatchObject({ ownBytes: 0, ownBatches: 0 })
  })
})
