/** Messages of the mesh that carry a message of a user to those who keep it: sealed, JSON, signed by its author. */
export const USER_MESSAGE_TYPE = 'pastel-user-message'
/** Bytes that a type of ours may have. */
const MAX_TYPE_BYTES = 128
/** Of a message whose type here cannot be what the Python layer called it. */
const OTHER_TYPE = 'pastel'
/** Header that has it then. */
const TYPE_HEADER = 'pastel-message-type'
const MAX_HEADER_BYTES = 1024
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const CONTROL = /[\u0000-\u001f\u007f]/

/** A `message_type` as type and headers of a message; what is longer than a header is cut off. */
export function fromMessageType(messageType: string): {
  readonly type: string
  readonly headers: Record<string, string>
} {
  if (messageType !== '' && !CONTROL.test(messageType) && Buffer.byteLength(messageType) <= MAX_TYPE_BYTES) {
    return { type: messageType, headers: {} }
  }
  return { type: OTHER_TYPE, headers: { [TYPE_HEADER]: cut(messageType) } }
}

/** The `message_type` of a message. */
export function toMessageType({
  type,
  headers,
}: {
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
}): string {
  return type === OTHER_TYPE ? (headers[TYPE_HEADER] ?? type) : type
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_HEADER_BYTES) return text
  // A character that the cut goes through is left out.
  return bytes.toString('utf8', 0, MAX_HEADER_BYTES).replace(/\ufffd+$/, '')
}
