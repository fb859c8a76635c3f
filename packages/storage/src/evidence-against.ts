import type { SignedBatch } from '@pastel-mesh/protocol'
import type { Evidence } from './alerts.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { HeldBatch, HeldBatches } from './held-batches.ts'
import { followedBy } from './log-state.ts'

/** The batch that was there first, if it can be had, and the one that contradicts it. */
export async function evidenceAgainst(
  signed: SignedBatch,
  { held, reader, writer }: { held: HeldBatches; reader: ArrivalReader; writer: CommitWriter },
  rival: HeldBatch | undefined,
): Promise<Evidence> {
  // It may be on its way to the disk.
  await writer.flush()
  const first = rival === undefined ? await storedBefore(signed, reader) : (await held.read(rival))?.envelope
  return first === undefined ? [signed.envelope] : [first, signed.envelope]
}

/** What stands where a batch, or the end that it names, should fit. */
async function storedBefore(
  { batch, logBytes }: SignedBatch,
  reader: ArrivalReader,
): Promise<Uint8Array | undefined> {
  if (batch.first > 0) {
    return (await reader.batchWithin(logBytes, batch.first - 1, batch.first + batch.count - 1))?.envelope
  }
  const followed = followedBy({ batch })
  if (followed === undefined || batch.follows === undefined) return undefined
  const { head } = batch.follows
  return (await reader.batchWithin(followed.bytes, head, head))?.envelope
}
