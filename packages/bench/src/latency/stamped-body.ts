import { randomBytes } from 'node:crypto'

/**
 * Bodies that carry the moment of their publishing: 8 bytes of nanoseconds, one byte that says whether it counts,
 * random bytes. The clock is `process.hrtime`: the system's monotonic clock, which counts from the same moment in
 * every process of a machine and which nothing sets (the wall clock, and `performance.timeOrigin` with it, is
 * adjusted while the benchmark runs).
 */
export interface Stamp {
  readonly ageMs: number
  readonly isMeasured: boolean
}

const STAMP_BYTES = 9

export function stampedBody(sizeBytes: number, isMeasured: boolean): Buffer {
  const body = randomBytes(Math.max(sizeBytes, STAMP_BYTES))
  body.writeUInt8(isMeasured ? 1 : 0, 8)
  body.writeBigUInt64BE(process.hrtime.bigint())
  return body
}

/** How long ago a body was stamped, in whichever process. */
export function readStamp(body: Uint8Array): Stamp {
  const nowNs = process.hrtime.bigint()
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return { ageMs: Number(nowNs - view.getBigUint64(0)) / 1e6, isMeasured: view.getUint8(8) === 1 }
}
