import type { DecodeOptions } from 'protons-runtime'
import { equalBytes } from './bytes.ts'
import { ProtocolError } from './errors.ts'

/** The part of a generated protobuf codec that this module uses. */
interface ProtobufCodec<T> {
  encode(value: Partial<T>): Uint8Array<ArrayBuffer>
  decode(bytes: Uint8Array, options?: DecodeOptions<T>): T
}

/**
 * Decodes protobuf that must be canonical. Protobuf decoders accept unknown fields, repeated fields and
 * over-long varints, so one message has endless encodings; only the one that our encoder makes is legal.
 * The limits bound every list before it is built.
 * @throws ProtocolError ERR_MALFORMED, ERR_NOT_CANONICAL
 */
export function decodeCanonical<T>(
  codec: ProtobufCodec<T>,
  bytes: Uint8Array,
  what: string,
  limits: DecodeOptions<T>['limits'],
): T {
  let value: T
  try {
    value = codec.decode(bytes, limits === undefined ? {} : { limits })
  } catch (cause) {
    throw new ProtocolError('ERR_MALFORMED', `the bytes are not a ${what}: ${(cause as Error).message}`, {
      cause,
    })
  }
  if (!equalBytes(codec.encode(value as Partial<T>), bytes)) {
    throw new ProtocolError('ERR_NOT_CANONICAL', `the bytes of the ${what} are not its canonical encoding`)
  }
  return value
}
