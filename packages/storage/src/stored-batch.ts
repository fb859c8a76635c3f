import { type MessageContent, openBatch, openPayload, type SignedBatch } from '@pastel-mesh/protocol'
import type { ArrivalRecord } from './records.ts'

/** A batch in the arrival order: the order's positions `position` to `position + count - 1`. */
export interface StoredBatch extends ArrivalRecord {
  readonly signed: SignedBatch
  /** Its messages, in order; decoded at the first call. */
  messages(): readonly MessageContent[]
}

export function toStoredBatch(
  record: ArrivalRecord,
  signed: SignedBatch = openBatch(record.envelope),
  messages?: readonly MessageContent[],
): StoredBatch {
  let decoded = messages
  return {
    ...record,
    signed,
    messages() {
      decoded ??= openPayload(signed.batch)
      return decoded
    },
  }
}

/**
 * Whether a batch is a view of much more memory than its own, of a network frame for one: it would keep all
 * of that for as long as it is kept itself.
 */
export function isViewOfMore({ envelope }: SignedBatch): boolean {
  return envelope.buffer.byteLength > 2 * envelope.length + 1024
}
