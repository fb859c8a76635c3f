import { MeshError } from '@pastel-mesh/identity'

const NEWLINE = 0x0a

/**
 * The lines of a stream of bytes, without their ends (LF or CRLF).
 *
 * Unlike node:readline it ends lines at nothing else, takes no bytes that are not UTF-8 for text, and does not
 * gather a line without end.
 *
 * @throws MeshError ERR_LINE: names the line
 */
export async function* readLines(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let number = 1
  let parts: Uint8Array[] = []
  let sizeBytes = 0
  const add = (part: Uint8Array) => {
    parts.push(part)
    sizeBytes += part.length
    // A CR more is no part of the line.
    if (sizeBytes > maxBytes + 1) throw tooLong(number, maxBytes)
  }
  const finish = () => {
    const line = decode(Buffer.concat(parts), number, maxBytes)
    parts = []
    sizeBytes = 0
    number += 1
    return line
  }
  for await (const chunk of input) {
    let begin = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
      add(chunk.subarray(begin, end))
      yield finish()
      begin = end + 1
    }
    add(chunk.subarray(begin))
  }
  if (sizeBytes > 0) yield finish()
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer, number: number, maxBytes: number): string {
  const line = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes
  if (line.length > maxBytes) throw tooLong(number, maxBytes)
  try {
    return strictUtf8.decode(line)
  } catch (cause) {
    throw new MeshError('ERR_LINE', `line ${number} of the input is not UTF-8 text`, { cause })
  }
}

function tooLong(number: number, maxBytes: number): MeshError {
  return new MeshError('ERR_LINE', `line ${number} of the input is longer than ${maxBytes} bytes`)
}
