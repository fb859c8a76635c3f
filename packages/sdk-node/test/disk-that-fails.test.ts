import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { openOutbound } from './fixtures/outbound.ts'
import { openStore } from './fixtures/storage.ts'

const MIB = 2 ** 20
const BYTES = new Uint8Array(250 * 1024)

async function openDatabase() {
  const database = await FaultyDatabase.create()
  // Pauses that take no time: the disk fails as often as anybody asks it.
  const store = await openStore({ database, pause: () => new Promise(setImmediate) })
  return { database, store }
}

/** Codes with which calls failed. */
function codes(outcomes: readonly PromiseSettledResult<unknown>[]): (string | undefined)[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
}

test('messages do not pile up before a disk that hangs: above the bound they are refused', async () => {
  const { database, store } = await openDatabase()
  const { publish } = await openOutbound({ store })
  const release = database.holdWrites()
  const publishing = Array.from({ length: 400 }, () => publish({ bytes: BYTES }))
  const settled = Promise.allSettled(publishing)
  await database.happened('write begun', 2)
  release()
  const refused = codes(await settled)
  expect(new Set(refused)).toEqual(new Set(['ERR_OUTBOUND_FULL']))
  expect((400 - refused.length) * BYTES.length).toBeLessThanOrEqual(64 * MIB)
  await publish({ text: 'room again' })
})

test('messages do not pile up before a disk that fails: each is refused, and its room is free again', async () => {
  const { database, store } = await openDatabase()
  const { publish } = await openOutbound({ store })
  database.failNextWrites(...Array.from({ length: 1_000 }, () => 'lost' as const))
  // Six times what may wait.
  for (let round = 0; round < 8; round += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => publish({ bytes: BYTES })))
    const refused = codes(outcomes)
    expect(refused).toHaveLength(200)
    expect(refused).not.toContain('ERR_OUTBOUND_FULL')
  }
  expect(store.end).toBe(0)
})

test('verified batches do not pile up before a disk that fails', async () => {
  const { database, store } = await openDatabase()
  const { gossip, pipeline } = await openInbound({ store })
  database.failNextWrites(...Array.from({ length: 1_000 }, () => 'lost' as const))
  let mostBytes = 0
  // Twice what may be on its way.
  for (let log = 0; log < 16; log += 1) {
    const writer = freshWriter({ identity: `sender ${log}` })
    const batches = [await writer.write({ bodies: [BYTES, BYTES] })]
    for (let i = 0; i < 7; i += 1) batches.push(await writer.write({ bodies: [BYTES, BYTES] }))
    const receiving = batches.map(({ envelope }) => stored(gossip(envelope)))
    mostBytes = Math.max(mostBytes, pipeline.bytesInFlight)
    await Promise.allSettled(receiving)
    expect(pipeline.bytesInFlight).toBe(0)
  }
  expect(mostBytes).toBeGreaterThan(0)
  expect(store.end).toBe(0)
})
