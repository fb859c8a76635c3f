import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCursor, nextRunningHash, parseCursor } from '../src/index.ts'
import { append, appendAll } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const position = fc.oneof(
  fc.constant(0),
  fc.maxSafeNat(),
  fc.constantFrom(1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
)

describe('a cursor as text', () => {
  test('reads back as what it was', () => {
    fc.assert(
      fc.property(bytes(16), position, bytes(8), (store, at, hash) => {
        const cursor = { store, position: at, hash: at === 0 ? new Uint8Array(0) : hash }
        const read = parseCursor(formatCursor(cursor))
        expect({ ...read, store: Uint8Array.from(read.store), hash: Uint8Array.from(read.hash) }).toEqual(
          cursor,
        )
      }),
      { numRuns: PROPERTY_RUNS * 5 },
    )
  })

  test('is 43 characters that need no escaping in a URL', () => {
    const text = formatCursor({ store: new Uint8Array(16).fill(255), position: 77, hash: new Uint8Array(8) })
    expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  test('has one spelling: whatever is accepted is written the same again', () => {
    const any = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      bytes(32).map((all) => Buffer.from(all).toString('base64url')),
      fc.tuple(bytes(16), bytes(8)).map(([store, hash]) => {
        return Buffer.concat([store, Buffer.alloc(8), hash]).toString('base64url')
      }),
    )
    fc.assert(
      fc.property(any, (text) => {
        let cursor: ReturnType<typeof parseCursor>
        try {
          cursor = parseCursor(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CURSOR' })
          return
        }
        expect(formatCursor(cursor)).toBe(text)
      }),
      { numRuns: PROPERTY_RUNS * 5 },
    )
  })

  test.each(['', 'A', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, '/'.repeat(43), 'é'.repeat(43)])(
    'is refused if it is none: %j',
    (text) => {
      expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: 'ERR_CURSOR' }))
    },
  )
})

describe('a cursor', () => {
  test('stands at the beginning, between batches, inside a batch and at the end', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const [first, second] = await appendAll(store, [
      await writer.write({ count: 3 }),
      await writer.write({ count: 4 }),
    ])
    for (let at = 0; at <= 7; at++) {
      const cursor = await store.cursorAt(at)
      expect(cursor.position).toBe(at)
      expect(cursor.store).toEqual(store.storeId)
      const expected = at === 0 ? new Uint8Array(0) : (at <= 3 ? first : second)?.runningHash
      expect(Buffer.compare(cursor.hash, expected as Uint8Array)).toBe(0)
      expect(await store.checkCursor(cursor)).toBe('ok')
      expect(await store.checkCursor(parseCursor(formatCursor(cursor)))).toBe('ok')
    }
  })

  test('carries the running hash: SHA-256(previous, batch hash, position), cut to 8 bytes', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const batches = [await writer.write({ count: 3 }), await writer.write()]
    await appendAll(store, batches)
    const first = nextRunningHash(new Uint8Array(8), batches[0]?.hash as Uint8Array, 0)
    const second = nextRunningHash(first, batches[1]?.hash as Uint8Array, 3)
    expect(first).toHaveLength(8)
    expect(Buffer.compare((await store.cursorAt(4)).hash, second)).toBe(0)
  })

  test('beyond the end is neither given nor taken', async () => {
    const store = await openStore()
    await append(store, await new LogWriter({ identity: 'alice' }).write({ count: 2 }))
    await expect(store.cursorAt(3)).rejects.toMatchObject({ code: 'ERR_CURSOR' })
    expect(await store.checkCursor({ ...(await store.cursorAt(2)), position: 3 })).toBe('foreign')
    const empty = await openStore()
    await expect(empty.cursorAt(1)).rejects.toMatchObject({ code: 'ERR_CURSOR' })
  })

  test('of another store is foreign, at the beginning too', async () => {
    const [store, other] = [await openStore(), await openStore()]
    const signed = await new LogWriter({ identity: 'alice' }).write()
    await Promise.all([append(store, signed), append(other, signed)])
    for (const at of [0, 1]) expect(await store.checkCursor(await other.cursorAt(at))).toBe('foreign')
  })

  test('of the same store with another history is foreign', async () => {
    const store = await openStore()
    await append(store, await new LogWriter({ identity: 'alice' }).write())
    const cursor = await store.cursorAt(1)
    expect(await store.checkCursor({ ...cursor, hash: Uint8Array.from(cursor.hash).fill(1) })).toBe('foreign')
    expect(await store.checkCursor({ ...cursor, hash: new Uint8Array(0) })).toBe('foreign')
  })
})
