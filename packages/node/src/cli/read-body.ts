import { createReadStream } from 'node:fs'
import { MeshError } from '@pastel-mesh/identity'
import { explainInputError } from './explain-input-error.ts'

/**
 * All of a stream, which is not gathered without end.
 * @throws MeshError ERR_BODY
 */
export async function readBody(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
  source: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of input) {
    parts.push(part)
    sizeBytes += part.length
    if (sizeBytes > maxBytes) {
      throw new MeshError(
        'ERR_BODY',
        `${source} is longer than the ${maxBytes} bytes of a message: publish it in parts, or its lines with --lines`,
      )
    }
  }
  return Buffer.concat(parts)
}

/** A file as a stream. @throws MeshError ERR_BODY_FILE, while it is read */
export async function* openBody(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path)
  } catch (cause) {
    throw new MeshError('ERR_BODY_FILE', `the file ${path} cannot be read: ${explainInputError(cause)}`, {
      cause,
    })
  }
}
