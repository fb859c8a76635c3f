import { MeshError } from '@pastel-mesh/identity'
import type { Message as WireMessage } from '../generated/batch.js'
import { asBuffer, fromUtf8, utf8Bytes } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import {
  MAX_BODY_BYTES,
  MAX_HEADER_NAME_BYTES,
  MAX_HEADER_VALUE_BYTES,
  MAX_HEADERS,
  MAX_TIME_MS,
  MAX_TYPE_BYTES,
} from './limits.ts'
import { parseMessageId } from './log-id.ts'

/** How a body is to be read. */
export type ContentType = 'bytes' | 'text' | 'json'

const CONTENT_TYPES: readonly ContentType[] = ['bytes', 'text', 'json']

/** What every message carries besides its body. */
export interface MessageOptions {
  /**
   * What kind of message it is, for the application and for queries: 1 to 128 bytes, no control characters.
   * @default 'message'
   */
  readonly type?: string
  /** Id of the message that this one answers. */
  readonly replyTo?: string
  /** At most 32 names (lower-case letters, digits, hyphens; 64 bytes) and values (1024 bytes). */
  readonly headers?: Readonly<Record<string, string>>
  /** When the message loses its worth, in ms since 1970; it is not delivered after that. Absent: never. */
  readonly expiresAtMs?: number
}

/** A message to send: exactly one of `text`, `json` and `bytes`, at most 256 KiB. */
export type MessageInput = MessageOptions &
  (
    | { readonly text: string; readonly json?: never; readonly bytes?: never }
    | { readonly json: unknown; readonly text?: never; readonly bytes?: never }
    | { readonly bytes: Uint8Array; readonly text?: never; readonly json?: never }
  )

/** A message as a batch carries it. */
export interface MessageContent {
  readonly type: string
  readonly contentType: ContentType
  readonly body: Uint8Array
  /** When the sender accepted it, in ms since 1970. */
  readonly createdAtMs: number
  readonly replyTo?: string
  readonly headers: Readonly<Record<string, string>>
  /**
   * Id of the message that its sender sent first, and that the recipient could not open: this one is the same, sealed
   * again. Who has that one has no need of this one.
   */
  readonly repeats?: string
}

const HEADER_NAME = /^[a-z0-9][a-z0-9-]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Checks a message and brings it into the form that a batch carries.
 * @throws MeshError ERR_MESSAGE: says what is wrong with which part
 */
export function toWireMessage(input: MessageInput, createdAtMs: number): WireMessage {
  const { body, contentType } = encodeBody(input)
  const wire: WireMessage = {
    type: input.type ?? 'message',
    contentType: CONTENT_TYPES.indexOf(contentType),
    body,
    createdAt: createdAtMs,
    replyTo: input.replyTo ?? '',
    headers: Object.entries(input.headers ?? {})
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    repeats: '',
  }
  const problem = findProblem(wire) ?? findExpiryProblem(input.expiresAtMs, createdAtMs)
  if (problem !== undefined) throw new MeshError('ERR_MESSAGE', `the message cannot be sent: ${problem}`)
  return wire
}

/**
 * A message that was read, as a batch carries it: the same bytes.
 * @param repeats id of the message that it repeats
 */
export function toWireAgain(content: MessageContent, repeats = content.repeats ?? ''): WireMessage {
  return {
    type: content.type,
    contentType: CONTENT_TYPES.indexOf(content.contentType),
    body: new Uint8Array(content.body),
    createdAt: content.createdAtMs,
    replyTo: content.replyTo ?? '',
    headers: Object.entries(content.headers)
      .map(([name, value]) => ({ name, value }))
      // A name that is a number comes first in an object.
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    repeats,
  }
}

function encodeBody(input: MessageInput): { body: Uint8Array<ArrayBuffer>; contentType: ContentType } {
  if ([input.text, input.json, input.bytes].filter((content) => content !== undefined).length !== 1) {
    throw new MeshError('ERR_MESSAGE', 'the message cannot be sent: give exactly one of text, json and bytes')
  }
  if (input.text !== undefined) {
    if (!input.text.isWellFormed()) {
      throw new MeshError('ERR_MESSAGE', 'the message cannot be sent: its text has a lone surrogate')
    }
    return { body: fromUtf8(input.text), contentType: 'text' }
  }
  if (input.bytes !== undefined) return { body: copyOf(input.bytes), contentType: 'bytes' }
  return { body: fromUtf8(stringify(input.json)), contentType: 'json' }
}

/**
 * The caller may change its bytes. Small copies share memory: an ArrayBuffer each costs more than what is done with a
 * message until it is in its batch, and the garbage collector as much again.
 */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Buffer.from(bytes)
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length)
}

function stringify(value: unknown): string {
  let json: string | undefined
  let cause: unknown
  try {
    // Nothing comes of functions and symbols; bigints and values that hold themselves throw.
    json = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (json !== undefined) return json
  throw new MeshError(
    'ERR_MESSAGE',
    'the message cannot be sent: its json is no value that JSON can express',
    {
      cause,
    },
  )
}

/**
 * Reads a message that came in a batch.
 * @throws ProtocolError ERR_MESSAGE
 */
export function fromWireMessage(wire: WireMessage): MessageContent {
  const problem = findProblem(wire)
  if (problem !== undefined)
    throw new ProtocolError('ERR_MESSAGE', `a message of the batch is malformed: ${problem}`)
  return toContent(wire)
}

/** A decoded message, as the rest of the code knows it; nothing is checked. */
export function toContent(wire: WireMessage): MessageContent {
  return {
    type: wire.type,
    contentType: CONTENT_TYPES[wire.contentType] as ContentType,
    body: wire.body,
    createdAtMs: wire.createdAt,
    headers: wire.headers.length === 0 ? NO_HEADERS : readHeaders(wire),
    ...(wire.replyTo === '' ? {} : { replyTo: wire.replyTo }),
    ...(wire.repeats === '' ? {} : { repeats: wire.repeats }),
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({})

function readHeaders(wire: WireMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(wire.headers.map(({ name, value }) => [name, value]))
}

/** What both directions refuse. */
function findProblem(wire: WireMessage): string | undefined {
  if (wire.type === '' || utf8Bytes(wire.type) > MAX_TYPE_BYTES)
    return `its type is not 1 to ${MAX_TYPE_BYTES} bytes`
  if (CONTROL.test(wire.type) || !wire.type.isWellFormed())
    return 'its type has characters that cannot be shown'
  if (wire.contentType >= CONTENT_TYPES.length) return `content type ${wire.contentType} is unknown`
  if (wire.body.length > MAX_BODY_BYTES) {
    return `its body has ${wire.body.length} bytes, more than ${MAX_BODY_BYTES}; share it as a file`
  }
  if (!isTime(wire.createdAt)) return 'its time is out of range'
  if (wire.replyTo !== '' && !isMessageId(wire.replyTo)) return 'replyTo is not a message id'
  if (wire.repeats !== '' && !isMessageId(wire.repeats)) return 'what it repeats is not a message id'
  if (wire.headers.length > MAX_HEADERS) return `it has more than ${MAX_HEADERS} headers`
  let previous = ''
  for (const { name, value } of wire.headers) {
    if (!HEADER_NAME.test(name) || name.length > MAX_HEADER_NAME_BYTES) {
      return `"${name.slice(0, 80)}" is not a header name (lower-case letters, digits, hyphens)`
    }
    if (name <= previous) return 'its headers are not sorted by name, or repeat one'
    if (!value.isWellFormed() || utf8Bytes(value) > MAX_HEADER_VALUE_BYTES) {
      return `the value of header "${name}" is longer than ${MAX_HEADER_VALUE_BYTES} bytes`
    }
    previous = name
  }
  return undefined
}

/** The expiry stands in the header of the batch, which has to be later than the batch's own time. */
function findExpiryProblem(expiresAtMs: number | undefined, createdAtMs: number): string | undefined {
  if (expiresAtMs === undefined) return undefined
  if (!isTime(expiresAtMs)) return 'its expiry is out of range'
  return expiresAtMs > createdAtMs ? undefined : 'it has expired already'
}

export function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms > 0 && ms <= MAX_TIME_MS
}

function isMessageId(text: string): boolean {
  try {
    parseMessageId(text)
    return true
  } catch {
    return false
  }
}

// ignoreBOM: the decoder takes a leading U+FEFF for text like any other, instead of dropping it.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The body of a text or JSON message as text.
 * @throws MeshError ERR_MESSAGE_BODY if the body is not UTF-8
 */
export function textOf(message: Pick<MessageContent, 'body'>): string {
  try {
    return strictUtf8.decode(asBuffer(message.body))
  } catch (cause) {
    throw new MeshError('ERR_MESSAGE_BODY', 'the body of the message is not UTF-8 text', { cause })
  }
}

/**
 * The body of a JSON message, parsed.
 * @throws MeshError ERR_MESSAGE_BODY if the body is not JSON
 */
export function jsonOf(message: Pick<MessageContent, 'body'>): unknown {
  const text = textOf(message)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MeshError('ERR_MESSAGE_BODY', 'the body of the message is not JSON', { cause })
  }
}
