import { Batch as WireBatch } from '../generated/batch.js'
import { ENCODING_SEALED, ENCODING_ZSTD, findProblem } from './batch-fields.ts'
import { plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'
import { MAX_ENVELOPE_BYTES, PROTOCOL_VERSION, SIGNATURE_BYTES } from './limits.ts'
import { type LogId, logIdPair } from './log-id.ts'
import { parseSealedPayload } from './sealed-payload.ts'
import { parseZstdFrame } from './zstd-frame.ts'

/** The log that a run continues. */
export interface Follows {
  readonly run: Uint8Array
  /** Position of that log's last message. */
  readonly head: number
}

/** The clear part of a batch. */
export interface BatchHeader {
  readonly network: string
  /** Ed448 public key, 57 bytes. */
  readonly sender: Uint8Array
  readonly channel: string
  /** 16 bytes. */
  readonly run: Uint8Array
  /** Only at position 0, and only if the sender wrote to the channel before. */
  readonly follows?: Follows
  /** Position of the first message in the log. */
  readonly first: number
  /** Number of messages, 1 to 512. */
  readonly count: number
  /** SHA-256 of the predecessor's batch bytes; zeros at the very beginning. */
  readonly previous: Uint8Array
  /** In ms since 1970; never decreases in a log. */
  readonly createdAtMs: number
  /** In ms since 1970; 0: never. To an inbox: at most 30 days after it was created. */
  readonly expiresAtMs: number
  /** To an inbox `ENCODING_SEALED` and no other, to a topic any other. */
  readonly encoding: number
}

export interface Batch extends BatchHeader {
  readonly payload: Uint8Array
}

/** A batch with its proof, as it travels and is stored: signature ‖ batch bytes. */
export interface SignedBatch {
  readonly envelope: Uint8Array
  /** Ed448, 114 bytes, over the signed text of `hash`. */
  readonly signature: Uint8Array
  /** SHA-256 of the batch bytes. */
  readonly hash: Uint8Array
  readonly log: LogId
  /** The 16 bytes of the log id. */
  readonly logBytes: Uint8Array
  readonly batch: Batch
}

/** An envelope's parts, nothing decoded. */
export interface SplitEnvelope {
  /** Ed448, 114 bytes. */
  readonly signature: Uint8Array
  /** The batch bytes: what is hashed, signed and chained. */
  readonly bytes: Uint8Array
  /** SHA-256 of them. */
  readonly hash: Uint8Array
}

/** @returns the canonical bytes of a batch: what is hashed, signed and chained */
export function encodeBatch(batch: Batch): Uint8Array<ArrayBuffer> {
  return WireBatch.encode({
    version: PROTOCOL_VERSION,
    network: batch.network,
    sender: plain(batch.sender),
    channel: batch.channel,
    run: plain(batch.run),
    ...(batch.follows === undefined
      ? {}
      : { follows: { run: plain(batch.follows.run), head: batch.follows.head } }),
    first: batch.first,
    count: batch.count,
    previous: plain(batch.previous),
    createdAt: batch.createdAtMs,
    expiresAt: batch.expiresAtMs,
    encoding: batch.encoding,
    payload: plain(batch.payload),
  })
}

/** Signature and batch bytes in one: the envelope. */
export function makeEnvelope(signature: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const envelope = new Uint8Array(signature.length + bytes.length)
  envelope.set(signature)
  envelope.set(bytes, signature.length)
  return envelope
}

/**
 * Takes an envelope apart and its batch to pieces. Everything that the bytes alone can prove is checked,
 * except the signature and the payload's messages: of a compressed or sealed payload, its frame.
 * @param split the envelope's parts, if they were taken apart already
 * @throws ProtocolError ERR_BATCH_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_BATCH_FIELD, ERR_COMPRESSION, ERR_SEAL
 */
export function openBatch(envelope: Uint8Array, split: SplitEnvelope = splitEnvelope(envelope)): SignedBatch {
  const { signature, bytes, hash } = split
  return withLogId({ envelope, signature, hash, batch: decodeBatch(bytes) })
}

/** A batch that was just encoded and signed here: what {@link openBatch} would find in its envelope. */
export function toSignedBatch(batch: Batch, { signature, bytes, hash }: SplitEnvelope): SignedBatch {
  return withLogId({ envelope: makeEnvelope(signature, bytes), signature, hash, batch })
}

function withLogId(parts: Omit<SignedBatch, 'log' | 'logBytes'>): SignedBatch {
  const { sender, channel, run } = parts.batch
  const { id, bytes } = logIdPair(sender, channel, run)
  return { ...parts, log: id, logBytes: bytes }
}

/**
 * Signature, batch bytes and their hash, nothing decoded.
 * @throws ProtocolError ERR_BATCH_SIZE
 */
export function splitEnvelope(envelope: Uint8Array): SplitEnvelope {
  if (envelope.length <= SIGNATURE_BYTES || envelope.length > MAX_ENVELOPE_BYTES) {
    throw new ProtocolError('ERR_BATCH_SIZE', `an envelope of ${envelope.length} bytes is no signed batch`)
  }
  const bytes = envelope.subarray(SIGNATURE_BYTES)
  return { signature: envelope.subarray(0, SIGNATURE_BYTES), bytes, hash: sha256(bytes) }
}

function decodeBatch(bytes: Uint8Array): Batch {
  const wire = decodeCanonical(WireBatch, bytes, 'batch', undefined)
  const problem = findProblem(wire, bytes.length)
  if (problem !== undefined) throw new ProtocolError('ERR_BATCH_FIELD', `the batch is malformed: ${problem}`)
  if (wire.encoding === ENCODING_ZSTD) parseZstdFrame(wire.payload)
  if (wire.encoding === ENCODING_SEALED) parseSealedPayload(wire.payload)
  return fromWire(wire)
}

/** A decoded batch, as the rest of the code knows it; nothing is checked. */
export function fromWire(wire: WireBatch): Batch {
  return {
    network: wire.network,
    sender: wire.sender,
    channel: wire.channel,
    run: wire.run,
    ...(wire.follows === undefined ? {} : { follows: { run: wire.follows.run, head: wire.follows.head } }),
    first: wire.first,
    count: wire.count,
    previous: wire.previous,
    createdAtMs: wire.createdAt,
    expiresAtMs: wire.expiresAt,
    encoding: wire.encoding,
    payload: wire.payload,
  }
}
