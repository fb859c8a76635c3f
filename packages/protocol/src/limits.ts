/**
 * Every limit of the wire, in one place. A peer may rely on them: what is inside them is decoded, what is
 * outside is refused before anything is allocated for it. Specified in docs/PROTOCOL.md.
 */

/** Version that every frame of this protocol carries. */
export const PROTOCOL_VERSION = 1

/** Messages in one batch. 512 is where one Ed448 signature a batch stops being the cost that dominates. */
export const MAX_BATCH_MESSAGES = 512

/** Bytes of a batch's payload before compression: a batch is held whole in memory at every hop. */
export const MAX_PAYLOAD_BYTES = 512 * 1024

/** Bytes of the clear header around the payload; the longest legal header takes under 500. */
export const MAX_BATCH_HEADER_BYTES = 1024

/** Bytes of an Ed448 signature (RFC 8032). */
export const SIGNATURE_BYTES = 114

/** Bytes of an Ed25519 signature (RFC 8032). */
export const NODE_SIGNATURE_BYTES = 64

/**
 * How long what goes to an inbox may live, in ms: its sender and its mailboxes keep it so long at most, and a key that was
 * replaced need not be kept longer.
 */
export const MAX_DIRECT_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

/** Bytes of a signed batch as it travels and is stored. */
export const MAX_ENVELOPE_BYTES = SIGNATURE_BYTES + MAX_BATCH_HEADER_BYTES + MAX_PAYLOAD_BYTES

/** Bytes of one message's body. Larger things are files. */
export const MAX_BODY_BYTES = 256 * 1024

/** UTF-8 bytes of a message's type. */
export const MAX_TYPE_BYTES = 128

/** Headers of one message, and the bytes of a name and of a value. */
export const MAX_HEADERS = 32
export const MAX_HEADER_NAME_BYTES = 64
export const MAX_HEADER_VALUE_BYTES = 1024

/** Bytes of a certificate without its signatures. */
export const MAX_CERTIFICATE_BYTES = 32 * 1024
/** Entries of a certificate's lists: generous for a node, small enough to be gossiped. */
export const MAX_CERTIFICATE_ADDRESSES = 16
export const MAX_CERTIFICATE_TOPICS = 256
export const MAX_CERTIFICATE_ROLES = 16
export const MAX_CERTIFICATE_MAILBOXES = 16
export const MAX_ADDRESS_BYTES = 512

/** Channels one heads request may name, logs one answer may carry, ranges one request may ask. */
export const MAX_SYNC_CHANNELS = 512
export const MAX_SYNC_HEADS = 1024
export const MAX_SYNC_RANGES = 256
/** Senders that a reader is connected to: as many as a node has connections, and some. */
export const MAX_SYNC_DIRECT = 256
/** Batches in one ranges response: the smallest legal batch takes about 300 bytes of the frame. */
export const MAX_SYNC_BATCHES = 2048
/** Bytes of one sync request: the longest legal heads request. */
export const MAX_SYNC_REQUEST_BYTES = 128 * 1024
/** Bytes of one sync response: a frame carries at least one batch of the largest size. */
export const MAX_SYNC_RESPONSE_BYTES = 1024 * 1024

/** Certificates in one answer about an address book; the smallest takes some 330 bytes of the frame. */
export const MAX_BOOK_CERTIFICATES = 512
/** Bytes of one question about an address book: the longest legal one. */
export const MAX_BOOK_REQUEST_BYTES = 64
/** Bytes of one answer: a frame carries at least one certificate of the largest size, and many usual ones. */
export const MAX_BOOK_RESPONSE_BYTES = 256 * 1024

/** Ranges in one receipt: as many as the batches that one deposit carries. */
export const MAX_RECEIPT_RANGES = 256
/** Bytes of a receipt without its signature: the longest legal one takes under 28 KiB. */
export const MAX_RECEIPT_BYTES = 32 * 1024

/** Batches of one deposit, receipts of one frame, logs that one question names, ranges that one answer refuses. */
export const MAX_DIRECT_BATCHES = 256
export const MAX_DIRECT_RECEIPTS = 256
export const MAX_DIRECT_RANGES = 256
export const MAX_DIRECT_REFUSED = 256
/** Bytes of one frame about direct messages: it carries at least one batch of the largest size. */
export const MAX_DIRECT_FRAME_BYTES = 1024 * 1024

/** Largest position: what a JavaScript number holds exactly. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER

/** Latest time, in ms since 1970: the last that a JavaScript `Date` can show, in the year 275760. */
export const MAX_TIME_MS = 8_640_000_000_000_000
