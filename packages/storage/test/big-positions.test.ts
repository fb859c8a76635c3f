import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeArrival } from '../src/arrival-record.ts'
import { LevelDatabase } from '../src/index.ts'
import { arrivalKey, channelPrefix, numbered, positionOf } from '../src/keys.ts'
import { append, collect } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

const position = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: -2, max: 2 }).map((offset) => 2 ** 32 + offset),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
)

test('keys are in the order of their positions, up to the largest', () => {
  fc.assert(
    fc.property(position, position, (a, b) => {
      const prefix = channelPrefix('topic/a')
      expect(positionOf(numbered(prefix, a))).toBe(a)
      expect(Buffer.compare(numbered(prefix, a), numbered(prefix, b))).toBe(Math.sign(a - b))
    }),
    { numRuns: PROPERTY_RUNS * 5 },
  )
})

test.each([2 ** 32 - 3, 2 ** 40])('an order that has come to position %i goes on', async (start) => {
  const directory = await temporaryFolder()
  const first = await openStore({ directory })
  await first.stop()
  const database = new LevelDatabase(directory)
  await database.open()
  const { envelope } = await new LogWriter({ identity: 'before' }).write()
  const body = Buffer.from(envelope)
  const record = {
    kind: 'batch' as const,
    count: 1,
    runningHash: new Uint8Array(8).fill(3),
    receivedAtMs: 1,
    body,
  }
  const key = arrivalKey(start - 1)
  await database.write([{ type: 'put', key, value: encodeArrival(record) }], { sync: true })
  await database.close()

  const store = await openStore({ directory })
  expect(store.end).toBe(start)
  const writer = new LogWriter({ identity: 'alice' })
  for (let i = 0; i < 3; i++) {
    expect((await append(store, await writer.write({ count: 2 }))).position).toBe(start + 2 * i)
  }
  for (const options of [{}, { channel: 'topic/test' }, { sender: writer.signer.publicKey }]) {
    const read = await collect(store.read({ ...options, from: start + 3, to: start + 5 }))
    expect(read.map((stored) => stored.position)).toEqual([start + 2, start + 4])
  }
  expect(await store.checkCursor(await store.cursorAt(start + 5))).toBe('ok')
  const page = await store.heads(start + 1, ['topic/test'], 5)
  expect(page).toMatchObject({ next: start + 6, more: false })
  expect(page.heads).toHaveLength(1)
})
