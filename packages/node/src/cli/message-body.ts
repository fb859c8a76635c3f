import { MeshError } from '@pastel-mesh/identity'

/** What `--content-type` takes. */
export type BodyKind = 'text' | 'json' | 'bytes'

/** A body as the API takes it. */
export type MessageBody = { readonly text: string } | { readonly json: unknown } | { readonly base64: string }

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A body of bytes; where nobody says what it is, text if it is UTF-8.
 * @param source where it comes from: for the error
 * @throws MeshError ERR_BODY
 */
export function bodyOfBytes(bytes: Uint8Array, kind: BodyKind | undefined, source: string): MessageBody {
  if (kind === 'bytes') return { base64: Buffer.from(bytes).toString('base64') }
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch (cause) {
    if (kind === undefined) return { base64: Buffer.from(bytes).toString('base64') }
    throw new MeshError('ERR_BODY', `${source} is not UTF-8: publish it with --content-type bytes`, { cause })
  }
  return bodyOfText(text, kind, source)
}

/** The same of a text. @throws MeshError ERR_BODY */
export function bodyOfText(text: string, kind: BodyKind | undefined, source: string): MessageBody {
  if (kind === 'bytes') return { base64: Buffer.from(text).toString('base64') }
  if (kind !== 'json') return { text }
  try {
    return { json: JSON.parse(text) as unknown }
  } catch (cause) {
    throw new MeshError('ERR_BODY', `${source} is not JSON: ${(cause as Error).message}`, { cause })
  }
}
