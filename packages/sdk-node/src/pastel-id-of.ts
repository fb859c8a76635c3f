import { encodePastelId, type PastelId } from '@pastel-mesh/identity'
import { asBuffer } from '@pastel-mesh/protocol'

/** Senders remembered: more than a node hears of in a while. */
const MAX_SENDERS = 4096

const senders = new Map<string, PastelId>()

/** The PastelID of a public key, remembered: base58 is slow, and the same senders come again and again. */
export function pastelIdOf(publicKey: Uint8Array): PastelId {
  const key = asBuffer(publicKey).toString('latin1')
  let sender = senders.get(key)
  if (sender === undefined) {
    sender = encodePastelId(publicKey)
    if (senders.size >= MAX_SENDERS) senders.clear()
    senders.set(key, sender)
  }
  return sender
}
