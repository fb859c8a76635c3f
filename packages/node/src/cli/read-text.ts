import { MeshError } from '@pastel-mesh/identity'

/** Far more than anybody signs as one text. */
const MAX_TEXT_BYTES = 16 * 2 ** 20

/**
 * The text that a command is about: the argument, exactly; or, for `-` and nothing, the standard input, exactly but for
 * one line feed at its end, which `echo` and editors put there.
 *
 * @throws MeshError ERR_TEXT: it is too long, or not UTF-8
 */
export async function readText(argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_TEXT_BYTES) {
      throw new MeshError('ERR_TEXT', `the text on the standard input is longer than ${MAX_TEXT_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
    return text.endsWith('\n') ? text.slice(0, -1) : text
  } catch (cause) {
    throw new MeshError('ERR_TEXT', 'the text on the standard input is not UTF-8: signatures are of texts', {
      cause,
    })
  }
}
