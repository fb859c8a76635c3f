import { decodePastelId, verifySignature } from '@pastel-mesh/identity'
import type { Supernode } from '../supernodes/supernode.ts'
import type { Envelope } from './envelope.ts'
import { EnvelopeError } from './envelope-error.ts'

/**
 * Checks that an envelope is of the supernode that the core says it came from: its PastelID signed the message, and its
 * public key is the one that the envelope names. Resolves if so.
 *
 * @param supernode that of the outpoint in `From`, out of the core's list
 * @throws EnvelopeError ERR_ENVELOPE_SENDER (the list has no PastelID or no public key of it), ERR_ENVELOPE_PUBLIC_KEY,
 * ERR_ENVELOPE_FORGED
 * @throws MeshError ERR_SIGNATURE_ENGINE, which says nothing about the envelope
 */
export async function verifyEnvelope(
  { message, signature, publicKey }: Envelope,
  supernode: Pick<Supernode, 'outpoint' | 'pastelId' | 'publicKey'>,
): Promise<void> {
  const { outpoint, pastelId } = supernode
  if (pastelId === undefined || supernode.publicKey === '') {
    const missing = pastelId === undefined ? 'PastelID' : 'public key'
    throw new EnvelopeError('ERR_ENVELOPE_SENDER', `the core's list has no ${missing} of ${outpoint}`)
  }
  if (publicKey.toLowerCase() !== supernode.publicKey.toLowerCase()) {
    throw new EnvelopeError(
      'ERR_ENVELOPE_PUBLIC_KEY',
      `the envelope came from ${outpoint}, and names another masternode`,
    )
  }
  if (await verifySignature(decodePastelId(pastelId), message, signature)) return
  throw new EnvelopeError(
    'ERR_ENVELOPE_FORGED',
    `the message that came from ${outpoint} is not signed by its PastelID, ${pastelId}`,
  )
}
