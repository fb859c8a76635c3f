/**
 * What one's own store holds. It was opened and checked before it was stored, so that nothing of it is checked
 * again, and hashes are computed only for whoever asks for them: reading a page costs a third of opening its batches.
 */
import { Payload, Batch as WireBatch } from '../generated/batch.js'
import { type Batch, fromWire, type SignedBatch } from './batch.ts'
import { ENCODING_PLAIN, ENCODING_SEALED } from './batch-fields.ts'
import { decompressPayload } from './compression.ts'
import { sha256 } from './hash.ts'
import { SIGNATURE_BYTES } from './limits.ts'
import { type LogId, type LogIdPair, logIdPair } from './log-id.ts'
import { type MessageContent, toContent } from './message.ts'
import { decryptContent } from './sealed-content.ts'

class StoredEnvelope implements SignedBatch {
  readonly envelope: Uint8Array
  readonly batch: Batch
  #hash: Uint8Array | undefined
  #log: LogIdPair | undefined

  constructor(envelope: Uint8Array) {
    this.envelope = envelope
    this.batch = fromWire(WireBatch.decode(this.#bytes))
  }

  get signature(): Uint8Array {
    return this.envelope.subarray(0, SIGNATURE_BYTES)
  }

  get hash(): Uint8Array {
    this.#hash ??= sha256(this.#bytes)
    return this.#hash
  }

  get logBytes(): Uint8Array {
    return this.#pair.bytes
  }

  get log(): LogId {
    return this.#pair.id
  }

  get #pair(): LogIdPair {
    const { sender, channel, run } = this.batch
    this.#log ??= logIdPair(sender, channel, run)
    return this.#log
  }

  get #bytes(): Uint8Array {
    return this.envelope.subarray(SIGNATURE_BYTES)
  }
}

/** A batch of one's own store. @throws Error if the bytes are none: the disk is damaged */
export function readStoredBatch(envelope: Uint8Array): SignedBatch {
  return new StoredEnvelope(envelope)
}

/**
 * The messages of a batch of one's own store.
 * @param secret of a sealed batch, stored with it
 * @throws ProtocolError ERR_SEAL_OPEN: it is sealed, and the secret is not there or not its own
 * @throws Error if the bytes are none: the disk is damaged
 */
export function readStoredMessages(batch: Batch, secret?: Uint8Array): MessageContent[] {
  return Payload.decode(plainPayload(batch, secret)).messages.map(toContent)
}

function plainPayload(batch: Batch, secret: Uint8Array | undefined): Uint8Array {
  if (batch.encoding === ENCODING_PLAIN) return batch.payload
  if (batch.encoding === ENCODING_SEALED) return decryptContent(batch, secret)
  return decompressPayload(batch.payload)
}
