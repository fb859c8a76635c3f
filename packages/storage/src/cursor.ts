import { type Cursor, RUNNING_HASH_BYTES, STORE_ID_BYTES, sha256 } from '@pastel-mesh/protocol'
import { StorageError } from './errors.ts'
import { readNumber, writeNumber } from './keys.ts'

/** Running hash of an order without entries. */
export const EMPTY_RUNNING_HASH: Uint8Array = new Uint8Array(RUNNING_HASH_BYTES)

/** Running hash after an entry: SHA-256(previous ‖ batch hash ‖ arrival position), cut to 8 bytes. */
export function nextRunningHash(previous: Uint8Array, batchHash: Uint8Array, position: number): Uint8Array {
  const number = Buffer.allocUnsafe(8)
  writeNumber(number, position, 0)
  return sha256(Buffer.concat([previous, batchHash, number])).subarray(0, RUNNING_HASH_BYTES)
}

const CURSOR_BYTES = STORE_ID_BYTES + 8 + RUNNING_HASH_BYTES

/** A cursor as text, for clients to keep: base64url of store id, position and running hash. */
export function formatCursor(cursor: Cursor): string {
  const number = Buffer.allocUnsafe(8)
  writeNumber(number, cursor.position, 0)
  const hash = cursor.position === 0 ? EMPTY_RUNNING_HASH : cursor.hash
  return Buffer.concat([cursor.store, number, hash]).toString('base64url')
}

/**
 * Reads a cursor that {@link formatCursor} made.
 * @throws StorageError ERR_CURSOR
 */
export function parseCursor(text: string): Cursor {
  const bytes = /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  const position = bytes.length === CURSOR_BYTES ? readNumber(bytes, STORE_ID_BYTES) : -1
  const cursor = {
    store: bytes.subarray(0, STORE_ID_BYTES),
    position,
    hash: position === 0 ? new Uint8Array(0) : bytes.subarray(STORE_ID_BYTES + 8),
  }
  if (position < 0 || !Number.isSafeInteger(position) || formatCursor(cursor) !== text) {
    throw new StorageError(
      'ERR_CURSOR',
      `"${text.slice(0, 64)}" is not a cursor: give one that this node returned`,
    )
  }
  return cursor
}
