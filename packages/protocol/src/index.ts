/**
 * The wire formats of Pastel Mesh. docs/PROTOCOL.md specifies them byte for byte.
 * @packageDocumentation
 */
export type { Batch, BatchHeader, Follows, SignedBatch, SplitEnvelope } from './batch.ts'
export {
  encodeBatch,
  makeEnvelope,
  openBatch,
  splitEnvelope,
  toSignedBatch,
} from './batch.ts'
export { ENCODING_PLAIN, ENCODING_SEALED, ENCODING_ZSTD } from './batch-fields.ts'
export type { BookCursor, BookRequest, BookResponse } from './book.ts'
export {
  BOOK_ID_BYTES,
  decodeBookRequest,
  decodeBookResponse,
  encodeBookRequest,
  encodeBookResponse,
  MAX_BOOK_RESPONSE_CERTIFICATE_BYTES,
} from './book.ts'
export { asBuffer, equalBytes, fromUtf8, utf8Bytes } from './bytes.ts'
export { CARRIED_HEADER_PREFIX, CARRIED_HEADERS } from './carried-headers.ts'
export type { Certificate, CertificateFrame } from './certificate.ts'
export {
  decodeCertificateFrame,
  encodeCertificate,
  encodeCertificateFrame,
  isCertificateOf,
  MAX_CERTIFICATE_ENVELOPE_BYTES,
  MAX_CERTIFICATE_FRAME_BYTES,
  makeCertificateEnvelope,
  openCertificate,
  readCertificate,
  verifyCertificate,
} from './certificate.ts'
export { compressPayload, decompressPayload } from './compression.ts'
export type { DirectRefusal, DirectRequest, DirectResponse } from './direct.ts'
export {
  decodeDirectRequest,
  decodeDirectResponse,
  encodeDirectRequest,
  encodeDirectResponse,
  MAX_DIRECT_CONTENT_BYTES,
} from './direct.ts'
export type { Disclosure, DisclosureParts } from './disclosure.ts'
export {
  decodeDisclosure,
  encodeDisclosure,
  isDisclosure,
  MAX_DISCLOSURE_BYTES,
  openDisclosure,
} from './disclosure.ts'
export { ProtocolError } from './errors.ts'
export { HASH_BYTES, sha256, ZERO_HASH } from './hash.ts'
export * from './limits.ts'
export type { LogId, MessageId } from './log-id.ts'
export {
  decodeLogId,
  encodeLogId,
  LOG_ID_BYTES,
  logId,
  logIdPair,
  makeRun,
  messageId,
  parseMessageId,
  RUN_BYTES,
} from './log-id.ts'
export type { ContentType, MessageContent, MessageInput, MessageOptions } from './message.ts'
export { fromWireMessage, jsonOf, textOf, toWireAgain, toWireMessage } from './message.ts'
export {
  checkProof,
  type ProofCheck,
  type ProofCheckName,
  type ProofExpectation,
  type ProofReport,
} from './message-proof.ts'
export type { Channel } from './names.ts'
export {
  assertNetworkName,
  assertTopicName,
  certificateGossipTopic,
  gossipTopic,
  inboxChannel,
  isNetworkName,
  isRoleName,
  isTopicName,
  labelOfGossipTopic,
  MAX_CHANNEL_BYTES,
  parseChannel,
  topicChannel,
} from './names.ts'
export {
  decodePayload,
  encodePayload,
  openPayload,
  packPayload,
  payloadContentBytes,
  wireMessageBytes,
} from './payload.ts'
export type { CertifiedReceipt, Receipt, ReceiptOutcome, ReceiptRange } from './receipt.ts'
export {
  encodeReceipt,
  MAX_RECEIPT_ENVELOPE_BYTES,
  makeReceiptEnvelope,
  readReceipt,
  verifyReceipt,
} from './receipt.ts'
export { SECRET_BYTES, sealedKeyId, sealedPayloadBytes } from './sealed-payload.ts'
export type { SealedContent } from './sealing.ts'
export { openSealed, openSealedMessages, sealPayload } from './sealing.ts'
export type { SealingKeyPair } from './sealing-key.ts'
export { generateSealingKey, SEALING_KEY_BYTES, sealingKeyId } from './sealing-key.ts'
export type { SignedKind } from './signed-text.ts'
export { signedText } from './signed-text.ts'
export { readStoredBatch, readStoredMessages } from './stored.ts'
export type {
  Cursor,
  Head,
  HeadsRequest,
  HeadsResponse,
  LogRange,
  RangesRequest,
  RangesResponse,
  SyncRefusal,
  SyncRequest,
  SyncResponse,
} from './sync.ts'
export {
  DIRECT_SENDER_BYTES,
  decodeSyncRequest,
  decodeSyncResponse,
  encodeSyncRequest,
  encodeSyncResponse,
  MAX_RANGES_RESPONSE_BATCH_BYTES,
  RUNNING_HASH_BYTES,
  STORE_ID_BYTES,
} from './sync.ts'
