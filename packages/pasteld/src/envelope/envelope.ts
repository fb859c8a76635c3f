import { MAX_BODY_BYTES } from '@pastel-mesh/protocol'

/** A message between supernodes as Pastel's Python layer writes it into the text of the core's own messages. */
export interface Envelope {
  /** The text. The PastelID of the sender signs it, and nothing else of the envelope. */
  readonly message: string
  readonly messageType: string
  /** Ed448, 114 bytes, by the sender's PastelID over `message`. */
  readonly signature: Uint8Array
  /** The sender's masternode public key, hex in lower case, as its list of supernodes has it. Nothing signs it. */
  readonly publicKey: string
}

/** The keys of the JSON, in the order in which the Python layer writes them. */
export const ENVELOPE_KEYS = {
  message: 'message',
  messageType: 'message_type',
  signature: 'signature',
  publicKey: 'sending_sn_pubkey',
} as const

/** Characters of the text of an envelope: what the core takes as one message. */
export const MAX_ENVELOPE_TEXT_LENGTH = 2 * 1024 * 1024

/**
 * Bytes of the JSON in it. A message of the mesh has 256 KiB at most; were each of its bytes one that JSON writes in six
 * (`\u0000`), it took three quarters of this. The rest is for the other keys. What is larger could not be carried on.
 */
export const MAX_ENVELOPE_JSON_BYTES = 8 * MAX_BODY_BYTES

/** Masternode public keys are points of secp256k1: 65 bytes, or 33 if only one coordinate is written. */
export const PUBLIC_KEY = /^(?:[0-9a-f]{66}|[0-9a-f]{130})$/i
