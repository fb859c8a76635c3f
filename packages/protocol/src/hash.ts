import { hash } from 'node:crypto'

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32

/** What a log's very first batch names as its predecessor. */
export const ZERO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

/** SHA-256. */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return hash('sha256', bytes, 'buffer') as Buffer<ArrayBuffer>
}
