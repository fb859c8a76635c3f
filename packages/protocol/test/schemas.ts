import type { Schema } from './wire.ts'

/** The layouts of docs/PROTOCOL.md, once more, so that a change of the .proto files does not go unnoticed. */

const follows: Schema = { 1: { name: 'run', kind: 'bytes' }, 2: { name: 'head', kind: 'number' } }

export const batchSchema: Schema = {
  1: { name: 'version', kind: 'number' },
  2: { name: 'network', kind: 'text' },
  3: { name: 'sender', kind: 'bytes' },
  4: { name: 'channel', kind: 'text' },
  5: { name: 'run', kind: 'bytes' },
  6: { name: 'follows', kind: follows },
  7: { name: 'first', kind: 'number' },
  8: { name: 'count', kind: 'number' },
  9: { name: 'previous', kind: 'bytes' },
  10: { name: 'createdAtMs', kind: 'number' },
  11: { name: 'expiresAtMs', kind: 'number' },
  12: { name: 'encoding', kind: 'number' },
  13: { name: 'payload', kind: 'bytes' },
}

const header: Schema = { 1: { name: 'name', kind: 'text' }, 2: { name: 'value', kind: 'text' } }

const message: Schema = {
  1: { name: 'type', kind: 'text' },
  2: { name: 'contentType', kind: 'number' },
  3: { name: 'body', kind: 'bytes' },
  4: { name: 'createdAt', kind: 'number' },
  5: { name: 'replyTo', kind: 'text' },
  6: { name: 'headers', kind: header, repeated: true },
  7: { name: 'repeats', kind: 'text' },
}

export const payloadSchema: Schema = { 1: { name: 'messages', kind: message, repeated: true } }

export const certificateSchema: Schema = {
  1: { name: 'version', kind: 'number' },
  2: { name: 'network', kind: 'text' },
  3: { name: 'subject', kind: 'bytes' },
  4: { name: 'nodeKey', kind: 'bytes' },
  5: { name: 'addresses', kind: 'bytes', repeated: true },
  6: { name: 'topics', kind: 'text', repeated: true },
  7: { name: 'roles', kind: 'text', repeated: true },
  8: { name: 'sealingKey', kind: 'bytes' },
  9: { name: 'mailboxes', kind: 'bytes', repeated: true },
  10: { name: 'serial', kind: 'number' },
  11: { name: 'notBeforeMs', kind: 'number' },
  12: { name: 'notAfterMs', kind: 'number' },
}

export const certificateFrameSchema: Schema = {
  1: { name: 'certificate', kind: 'bytes' },
  2: { name: 'verdict', kind: 'number' },
  3: { name: 'reason', kind: 'text' },
  4: { name: 'timeMs', kind: 'number' },
  5: { name: 'proof', kind: 'bytes' },
}

const cursor: Schema = {
  1: { name: 'store', kind: 'bytes' },
  2: { name: 'position', kind: 'number' },
  3: { name: 'hash', kind: 'bytes' },
}

const range: Schema = {
  1: { name: 'log', kind: 'bytes' },
  2: { name: 'first', kind: 'number' },
  3: { name: 'last', kind: 'number' },
}

const head: Schema = {
  1: { name: 'sender', kind: 'bytes' },
  2: { name: 'channel', kind: 'text' },
  3: { name: 'run', kind: 'bytes' },
  4: { name: 'position', kind: 'number' },
  5: { name: 'hash', kind: 'bytes' },
}

export const syncRequestSchema: Schema = {
  1: { name: 'id', kind: 'number' },
  2: {
    name: 'heads',
    kind: {
      1: { name: 'from', kind: cursor },
      2: { name: 'channels', kind: 'text', repeated: true },
      3: { name: 'stored', kind: cursor },
      4: { name: 'direct', kind: 'bytes', repeated: true },
      5: { name: 'sinceMs', kind: 'number' },
    },
  },
  3: {
    name: 'ranges',
    kind: {
      1: { name: 'ranges', kind: range, repeated: true },
      2: { name: 'maxBytes', kind: 'number' },
      3: { name: 'sinceMs', kind: 'number' },
    },
  },
}

export const syncResponseSchema: Schema = {
  1: { name: 'id', kind: 'number' },
  2: {
    name: 'heads',
    kind: {
      1: { name: 'next', kind: cursor },
      2: { name: 'more', kind: 'number' },
      3: { name: 'reset', kind: 'number' },
      4: { name: 'heads', kind: head, repeated: true },
      5: { name: 'timeMs', kind: 'number' },
    },
  },
  3: {
    name: 'ranges',
    kind: {
      1: { name: 'batches', kind: 'bytes', repeated: true },
      2: { name: 'denied', kind: range, repeated: true },
      3: { name: 'done', kind: 'number' },
      4: { name: 'pruned', kind: range, repeated: true },
    },
  },
  4: { name: 'error', kind: 'text' },
}

const bookCursor: Schema = { 1: { name: 'book', kind: 'bytes' }, 2: { name: 'position', kind: 'number' } }

export const bookRequestSchema: Schema = {
  1: { name: 'from', kind: bookCursor },
  2: { name: 'maxBytes', kind: 'number' },
}

export const bookResponseSchema: Schema = {
  1: { name: 'next', kind: bookCursor },
  2: { name: 'more', kind: 'number' },
  3: { name: 'certificates', kind: 'bytes', repeated: true },
}

export const sealedPayloadSchema: Schema = {
  1: { name: 'commitment', kind: 'bytes' },
  2: { name: 'keyId', kind: 'bytes' },
  3: { name: 'encapsulated', kind: 'bytes' },
  4: { name: 'wrapped', kind: 'bytes' },
  5: { name: 'content', kind: 'bytes' },
}

const receiptRange: Schema = {
  ...range,
  4: { name: 'outcome', kind: 'number' },
  5: { name: 'reason', kind: 'text' },
}

export const receiptSchema: Schema = {
  1: { name: 'version', kind: 'number' },
  2: { name: 'network', kind: 'text' },
  3: { name: 'subject', kind: 'bytes' },
  4: { name: 'nodeKey', kind: 'bytes' },
  5: { name: 'store', kind: 'bytes' },
  6: { name: 'serial', kind: 'number' },
  7: { name: 'createdAtMs', kind: 'number' },
  8: { name: 'ranges', kind: receiptRange, repeated: true },
}

const certifiedReceipt: Schema = {
  1: { name: 'receipt', kind: 'bytes' },
  2: { name: 'certificate', kind: 'bytes' },
}

export const directRequestSchema: Schema = {
  1: { name: 'id', kind: 'number' },
  2: { name: 'deposit', kind: { 1: { name: 'batches', kind: 'bytes', repeated: true } } },
  3: { name: 'receipts', kind: { 1: { name: 'receipts', kind: certifiedReceipt, repeated: true } } },
  4: { name: 'ask', kind: { 1: { name: 'ranges', kind: range, repeated: true } } },
}

export const directResponseSchema: Schema = {
  1: { name: 'id', kind: 'number' },
  2: { name: 'receipts', kind: certifiedReceipt, repeated: true },
  3: { name: 'refused', kind: { ...range, 4: { name: 'reason', kind: 'text' } }, repeated: true },
  4: { name: 'error', kind: 'text' },
}
