import { decodeSignature } from '@pastel-mesh/identity'
import { decompressJson } from './compressed-json.ts'
import { ENVELOPE_KEYS, type Envelope, MAX_ENVELOPE_TEXT_LENGTH, PUBLIC_KEY } from './envelope.ts'
import { EnvelopeError } from './envelope-error.ts'

/** What cores tell each other of their fees, in the same list: a number, or two. */
const FEE = /^\d{1,20}(?: \d{1,20})?$/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The envelope in a text of the core's message list. Strict where two readers could otherwise see different things, and
 * where memory is at stake: it takes no more for a text that was made to take a lot. Keys beyond the four are let be,
 * and of one that is there twice the last counts, as in Python.
 *
 * Whom it is from is for {@link verifyEnvelope} to say. Whoever decodes many lets other work have its turn in between:
 * each takes some milliseconds if it is large, and one that is damaged lets go of its last 64 KiB only then.
 *
 * @throws EnvelopeError, and nothing else; `ERR_ENVELOPE_FEE` for what is not meant to be one
 * @example
 * import { decodeEnvelope, EnvelopeError } from '@pastel-mesh/pasteld'
 *
 * try {
 *   decodeEnvelope('0 5000')
 * } catch (error) {
 *   console.log((error as EnvelopeError).code) // ERR_ENVELOPE_FEE
 * }
 */
export function decodeEnvelope(text: string): Envelope {
  if (FEE.test(text)) throw new EnvelopeError('ERR_ENVELOPE_FEE', `"${text}" is what a core says of its fee`)
  if (text.length > MAX_ENVELOPE_TEXT_LENGTH) {
    throw new EnvelopeError(
      'ERR_ENVELOPE_TOO_LARGE',
      `the text has ${text.length} characters, more than the ${MAX_ENVELOPE_TEXT_LENGTH} that the core carries`,
    )
  }
  const fields = parseJson(decompressJson(decodeBase64(text)))
  return {
    message: textOf(fields, ENVELOPE_KEYS.message),
    messageType: textOf(fields, ENVELOPE_KEYS.messageType),
    signature: signatureOf(textOf(fields, ENVELOPE_KEYS.signature)),
    publicKey: publicKeyOf(textOf(fields, ENVELOPE_KEYS.publicKey)),
  }
}

/** Standard base64 with its padding, and nothing between: what others skip, or stop at, is an error. */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') === text) return bytes
  throw new EnvelopeError('ERR_ENVELOPE_BASE64', `the text of ${text.length} characters is not base64`)
}

function parseJson(bytes: Uint8Array): object {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw new EnvelopeError('ERR_ENVELOPE_JSON', 'what an envelope holds is not JSON in UTF-8', { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new EnvelopeError('ERR_ENVELOPE_JSON', 'what an envelope holds is not a JSON object')
}

function textOf(fields: object, key: string): string {
  const value: unknown = Object.hasOwn(fields, key) ? fields[key as keyof typeof fields] : undefined
  if (typeof value !== 'string') {
    throw new EnvelopeError(
      'ERR_ENVELOPE_KEY',
      value === undefined ? `the envelope has no ${key}` : `the ${key} of the envelope is not a text`,
    )
  }
  if (value.isWellFormed()) return value
  throw new EnvelopeError(
    'ERR_ENVELOPE_KEY',
    `the ${key} of the envelope has unpaired surrogates, which UTF-8 does not write`,
  )
}

function signatureOf(text: string): Uint8Array {
  try {
    return decodeSignature(text)
  } catch (cause) {
    throw new EnvelopeError('ERR_ENVELOPE_SIGNATURE', (cause as Error).message, { cause })
  }
}

function publicKeyOf(text: string): string {
  if (PUBLIC_KEY.test(text)) return text.toLowerCase()
  throw new EnvelopeError(
    'ERR_ENVELOPE_KEY',
    `the ${ENVELOPE_KEYS.publicKey} of the envelope is not 66 or 130 digits of hex`,
  )
}
