import { createHash } from 'node:crypto'
import { encodeLogId } from '@pastel-mesh/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { logKey } from '../src/keys.ts'
import { encodeLogState, type LogState } from '../src/log-state.ts'
import { LogTable } from '../src/log-table.ts'
import { append } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

/** What the table keeps beside states with commits in flight. */
const KEPT = 16_384

function state(name: string | number, next = 1): LogState {
  const bytes = createHash('sha256').update(`${name}`).digest().subarray(0, 16)
  const sender = new Uint8Array(57)
  const run = new Uint8Array(16)
  const headHash = new Uint8Array(32)
  return {
    id: encodeLogId(bytes),
    bytes,
    sender,
    channel: 'topic/a',
    run,
    next,
    stored: next,
    headHash,
    headCreatedAtMs: 1,
    isFrozen: false,
  }
}

async function openTable(): Promise<{ table: LogTable; database: FaultyDatabase }> {
  const database = await FaultyDatabase.create()
  await database.open()
  onTestFinished(() => database.close())
  return { table: new LogTable({ database }), database }
}

async function store(database: FaultyDatabase, ...states: LogState[]): Promise<void> {
  const operations = states.map((one) => ({
    type: 'put' as const,
    key: logKey(one.bytes),
    value: encodeLogState(one),
  }))
  await database.write(operations, { sync: false })
}

function begin(table: LogTable, one: LogState): Promise<() => void> {
  return table.consult([one], () => table.begin(one))
}

describe('the table of logs', () => {
  test('keeps a bounded number of states', async () => {
    const { table, database } = await openTable()
    const states = Array.from({ length: KEPT + 3000 }, (_, i) => state(i))
    await store(database, ...states)
    for (const { id, bytes } of states) expect((await table.load(id, bytes))?.id).toBe(id)
    expect(table.size).toBe(KEPT)
  })

  test('lets those go that were used longest ago', async () => {
    const { table, database } = await openTable()
    const states = Array.from({ length: KEPT + 1 }, (_, i) => state(i))
    await store(database, ...states)
    const [first, second] = states as [LogState, LogState]
    for (const one of states.slice(0, KEPT)) await table.load(one.id, one.bytes)
    await table.load(first.id, first.bytes)
    const last = states[KEPT] as LogState
    await table.load(last.id, last.bytes)
    // Gone from the disk, a log is known from memory only.
    await database.write(
      states.map(({ bytes }) => ({ type: 'del', key: logKey(bytes) })),
      { sync: false },
    )
    expect(await table.load(first.id, first.bytes)).toBeDefined()
    expect(await table.load(last.id, last.bytes)).toBeDefined()
    expect(await table.load(second.id, second.bytes)).toBeUndefined()
  })

  test('never lets a log go whose commits are in flight, and shrinks when they are done', async () => {
    const { table } = await openTable()
    const states = Array.from({ length: KEPT + 3000 }, (_, i) => state(i))
    const finish: (() => void)[] = []
    for (const one of states) finish.push(await begin(table, one))
    expect(table.size).toBe(states.length)
    for (const one of states) {
      expect(await table.load(one.id, one.bytes)).toEqual(one)
      expect(table.isInFlight(one.id)).toBe(true)
    }
    for (const done of finish) done()
    expect(table.size).toBe(KEPT)
    expect(states.some(({ id }) => table.isInFlight(id))).toBe(false)
  })

  test('keeps nothing of logs that are not there', async () => {
    const { table } = await openTable()
    for (let i = 0; i < 100; i++) {
      const { id, bytes } = state(i)
      expect(await table.load(id, bytes)).toBeUndefined()
    }
    expect(table.size).toBe(0)
  })

  test('a log with two commits in flight stays until the second is done', async () => {
    const { table } = await openTable()
    const first = await begin(table, state('log', 1))
    const second = await begin(table, state('log', 2))
    first()
    const { id, bytes } = state('log')
    expect(table.isInFlight(id)).toBe(true)
    expect((await table.load(id, bytes))?.next).toBe(2)
    second()
    expect(table.isInFlight(id)).toBe(false)
    expect((await table.load(id, bytes))?.next).toBe(2)
  })

  test('a slow look at the disk does not bring back what was there before a commit', async () => {
    const { table, database } = await openTable()
    const { id, bytes } = state('log')
    await store(database, state('log', 1))
    const release = database.holdNextRead()
    const slow = table.load(id, bytes)
    await database.happened('read held')
    const finish = await begin(table, state('log', 2))
    await store(database, state('log', 2))
    finish()
    for (let i = 0; i < KEPT; i++) {
      const done = await begin(table, state(i))
      done()
    }
    release()
    expect((await slow)?.next).toBe(2)
    expect((await table.load(id, bytes))?.next).toBe(2)
  })

  test('a look at the disk from before the states were dropped is repeated', async () => {
    const { table, database } = await openTable()
    const { id, bytes } = state('log')
    await store(database, state('log', 1))
    const release = database.holdNextRead()
    const slow = table.load(id, bytes)
    await database.happened('read held')
    await store(database, state('log', 5))
    table.clear()
    release()
    expect((await slow)?.next).toBe(5)
    expect((await table.load(id, bytes))?.next).toBe(5)
  })

  test('a commit from before the states were dropped does not end one from after', async () => {
    const { table } = await openTable()
    const { id } = state('log')
    const before = await begin(table, state('log', 1))
    table.clear()
    const after = await begin(table, state('log', 3))
    before()
    expect(table.isInFlight(id)).toBe(true)
    after()
    expect(table.isInFlight(id)).toBe(false)
  })
})

test('the state of a log holds on to nothing of the batch that it came from', async () => {
  const messageStore = await openStore()
  const signed = await new LogWriter({ identity: 'alice' }).write({ bodies: [Buffer.alloc(200 * 1024)] })
  await append(messageStore, signed)
  const kept = await messageStore.log(signed.log, signed.logBytes)
  for (const bytes of [kept?.sender, kept?.run, kept?.headHash, kept?.bytes]) {
    expect(bytes?.buffer.byteLength).toBeLessThan(10_000)
  }
})
