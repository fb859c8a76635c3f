import { encodeSignature } from '@pastel-mesh/identity'
import { compressJson } from './compressed-json.ts'
import {
  ENVELOPE_KEYS,
  type Envelope,
  MAX_ENVELOPE_JSON_BYTES,
  MAX_ENVELOPE_TEXT_LENGTH,
  PUBLIC_KEY,
} from './envelope.ts'
import { EnvelopeError } from './envelope-error.ts'

/**
 * The text that the Python layer of other supernodes reads: JSON to the byte as Python's `json.dumps(…,
 * ensure_ascii=False)` writes it, in a zstd frame with its content size, in base64.
 *
 * @throws EnvelopeError ERR_ENVELOPE_KEY, ERR_ENVELOPE_TOO_LARGE
 * @throws MeshError ERR_SIGNATURE_ENCODING
 * @example
 * import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
 * import { encodeEnvelope } from '@pastel-mesh/pasteld'
 *
 * const signature = await createLocalSigner(generateSeed()).sign('hello')
 * const publicKey = `04${'ab'.repeat(64)}`
 * console.log(encodeEnvelope({ message: 'hello', messageType: 'greeting', signature, publicKey }).slice(0, 6)) // KLUv/S
 */
export function encodeEnvelope({ message, messageType, signature, publicKey }: Envelope): string {
  if (!message.isWellFormed() || !messageType.isWellFormed()) {
    throw new EnvelopeError(
      'ERR_ENVELOPE_KEY',
      'a message with unpaired surrogates has no form in UTF-8, so that nobody could have signed it',
    )
  }
  if (!PUBLIC_KEY.test(publicKey)) {
    throw new EnvelopeError('ERR_ENVELOPE_KEY', 'the public key of a masternode has 66 or 130 digits of hex')
  }
  const entries = [
    [ENVELOPE_KEYS.message, message],
    [ENVELOPE_KEYS.messageType, messageType],
    [ENVELOPE_KEYS.signature, encodeSignature(signature)],
    [ENVELOPE_KEYS.publicKey, publicKey],
  ] as const
  // Of well-formed texts Python and JSON.stringify make the same; around them Python puts blanks.
  const json = Buffer.from(
    `{${entries.map(([key, value]) => `"${key}": ${JSON.stringify(value)}`).join(', ')}}`,
  )
  if (json.length > MAX_ENVELOPE_JSON_BYTES) throw tooLarge(json.length, MAX_ENVELOPE_JSON_BYTES, 'of JSON')
  const text = Buffer.from(compressJson(json)).toString('base64')
  if (text.length > MAX_ENVELOPE_TEXT_LENGTH) {
    throw tooLarge(text.length, MAX_ENVELOPE_TEXT_LENGTH, 'as the core carries it')
  }
  return text
}

function tooLarge(bytes: number, maxBytes: number, what: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_ENVELOPE_TOO_LARGE',
    `the envelope would have ${bytes} bytes ${what}, and ${maxBytes} are the most`,
  )
}
