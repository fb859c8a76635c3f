import { MeshError } from '@pastel-mesh/identity'
import { readMessageProof } from '@pastel-mesh/storage'
import { z } from 'zod'
import type { Context } from '../trpc.ts'

/** A message id is shorter; a wrong one is not repeated at length. */
export const proofInput = z.strictObject({ id: z.string().max(100) })

/** What proves a message, in base64. */
export interface ProofOutput {
  /** The signed batch that holds it: signature ‖ batch bytes. */
  readonly envelope: string
  /** The batch before that one, if it is stored. */
  readonly predecessor?: string
}

/** @throws ProtocolError ERR_MESSAGE_ID; MeshError ERR_NOT_STORED */
export async function readProof(
  { id }: z.output<typeof proofInput>,
  { store }: Context,
): Promise<ProofOutput> {
  const proof = await readMessageProof(store, id)
  if (proof === undefined) {
    throw new MeshError('ERR_NOT_STORED', `no message ${id} is stored here: it never came, or was removed`)
  }
  const { envelope, predecessor } = proof
  return {
    envelope: base64(envelope),
    ...(predecessor === undefined ? {} : { predecessor: base64(predecessor) }),
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
