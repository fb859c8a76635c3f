import { type Batch, ENCODING_SEALED, SECRET_BYTES, type SignedBatch } from '@pastel-mesh/protocol'
import { StorageError } from './errors.ts'

/** Whether only a secret opens a batch. */
export function isSealed({ encoding }: Pick<Batch, 'encoding'>): boolean {
  return encoding === ENCODING_SEALED
}

/** @throws StorageError ERR_SECRET: a secret that cannot be that of the batch */
export function assertSecret({ batch, log }: SignedBatch, secret: Uint8Array): void {
  const problem = !isSealed(batch)
    ? 'is not sealed: place it without a secret'
    : secret.length !== SECRET_BYTES
      ? `is placed with a secret of ${secret.length} bytes: it has ${SECRET_BYTES}`
      : undefined
  if (problem === undefined) return
  throw new StorageError('ERR_SECRET', `the batch at ${batch.first} of the log ${log} ${problem}`)
}

/** What reading the messages of a sealed batch without its secret throws. */
export function unreadable({ batch, log }: SignedBatch): StorageError {
  return new StorageError(
    'ERR_SEALED',
    `the batch at ${batch.first} of the log ${log} is sealed, and its secret is not here: only its recipient can read it; ask for isReadable before`,
  )
}
