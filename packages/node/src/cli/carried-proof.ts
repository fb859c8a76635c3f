import { decodePastelId, decodeSignature, verifySignature } from '@pastel-mesh/identity'
import { CARRIED_HEADERS, type MessageContent, type SignedBatch, textOf } from '@pastel-mesh/protocol'
import type { Cell } from './terminal/columns.ts'

/** Header of the signature of the sender over the text, in base64. */
const SIGNATURE_HEADER = 'pastel-signature'

/** What is known of a message that came, or left, by another way than the mesh: the batch is of this node alone. */
export interface CarriedProof {
  readonly via: string
  readonly sender: string
  readonly recipient: string
  /** Whether the text is signed by its true sender; `none`: it has no signature. */
  readonly signature: 'holds' | 'does not hold' | 'none'
}

/** Undefined: the mesh brought it, and its batch is its sender's. */
export async function carriedProof(
  { batch }: SignedBatch,
  message: MessageContent,
): Promise<CarriedProof | undefined> {
  if (message.headers[CARRIED_HEADERS.via] === undefined) return undefined
  // Only now: it takes all of libp2p with it.
  const { markOf } = await import('@pastel-mesh/sdk-node')
  const mark = markOf(batch, message)
  if (mark === undefined) return undefined
  const { via, sender, recipient } = mark
  return { via, sender, recipient, signature: await checkSignature(sender, message) }
}

async function checkSignature(
  sender: CarriedProof['sender'],
  message: MessageContent,
): Promise<CarriedProof['signature']> {
  const given = message.headers[SIGNATURE_HEADER]
  if (given === undefined) return 'none'
  let signature: Uint8Array
  let text: string
  try {
    signature = decodeSignature(given)
    text = textOf(message)
  } catch {
    return 'does not hold'
  }
  return (await verifySignature(decodePastelId(sender), text, signature)) ? 'holds' : 'does not hold'
}

const SIGNED: Readonly<Record<CarriedProof['signature'], Cell>> = {
  holds: { text: 'of its sender over the text: holds', tone: 'good' },
  'does not hold': { text: 'of its sender over the text: does NOT hold', tone: 'bad' },
  none: { text: 'none of its sender over the text', tone: 'caution' },
}

export function carriedRows({ via, sender, recipient, signature }: CarriedProof): Cell[][] {
  return [
    ['sender', sender],
    ['recipient', recipient],
    ['signature', SIGNED[signature]],
    ['carried by', `${via}: the batch is the word of the node that keeps it`],
  ]
}
