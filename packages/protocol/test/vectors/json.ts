import { MeshError } from '@pastel-mesh/identity'

/** A value as JSON can express it: bytes as hex. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]))
  }
  return value as Json
}

const LINE_LENGTH = 110

/** The text of a file of vectors: indented, short lists of plain values on one line, as the formatter has it. */
export function formatJson(value: Json): string {
  const expanded = JSON.stringify(value, null, 2)
  const list = /^( *(?:"\w+": )?)\[\n((?: *(?:"[^"\n]*"|\d+),?\n)+) *\](,?)$/gm
  const compact = expanded.replace(list, (whole, before: string, items: string, after: string) => {
    const line = `${before}[${items.trim().split(/\n */).join(' ')}]${after}`
    return line.length <= LINE_LENGTH ? line : whole
  })
  return `${compact}\n`
}

export function unhex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

/** The code of the error with which something is refused. */
export async function refusal(name: string, run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof MeshError) return error.code
    throw error
  }
  throw new Error(`"${name}" should be refused and is not`)
}
