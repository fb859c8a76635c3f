import { noise } from '@chainsafe/libp2p-noise'
import type { MessageStream } from '@libp2p/interface'

type Encrypter = ReturnType<ReturnType<typeof noise>>

/** Bytes of the length before each noise frame. */
const LENGTH_BYTES = 2

/** What a decoder of frames reads their lengths from. */
interface Lengths {
  readonly byteLength: number
  getUint16(at: number): number
}

/** Private state of an encrypted stream of `@chainsafe/libp2p-noise` 17.0.0; a test pins the shape to this version. */
export interface FramedStream {
  readonly decoder: { lengthDecoder: (bytes: Lengths) => number }
}

/** One for all: it says nothing about where it came from, and so costs nothing. */
const MORE_IS_NEEDED = new RangeError('a noise frame has a length of two bytes')

/**
 * Noise without an error for each frame. The package's decoder looks for another length after each frame, finds
 * nothing, makes an error with a stack of it and throws that away: 3 % of the time of a busy mesh.
 */
export function quietNoise(): (components: Parameters<ReturnType<typeof noise>>[0]) => Encrypter {
  const create = noise()
  return (components) => {
    const encrypter = create(components)
    const secureInbound = encrypter.secureInbound.bind(encrypter)
    const secureOutbound = encrypter.secureOutbound.bind(encrypter)
    encrypter.secureInbound = async (...parameters) => quieten(await secureInbound(...parameters))
    encrypter.secureOutbound = async (...parameters) => quieten(await secureOutbound(...parameters))
    return encrypter
  }
}

function quieten<T extends { readonly connection: MessageStream }>(secured: T): T {
  const { decoder } = secured.connection as unknown as FramedStream
  decoder.lengthDecoder = frameLength
  return secured
}

/** The length of the next frame. @throws RangeError, which the decoder takes for "not yet" */
export function frameLength(bytes: Lengths): number {
  if (bytes.byteLength < LENGTH_BYTES) throw MORE_IS_NEEDED
  return bytes.getUint16(0)
}
