import { MeshError } from '@pastel-mesh/identity'

/**
 * Lets a command go on when whoever reads its output has gone (`pmesh messages | head -1`, or a node whose logger
 * ended): there is nobody to tell, and nothing of what it does depends on it.
 */
export function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line on the standard error. */
export function warn(line: string): void {
  process.stderr.write(`pmesh: ${printable(line)}\n`)
}

/** An error on the standard error: one line, but a line for each thing that is wrong with a configuration. */
export function warnError(error: unknown): void {
  warn(describeError(error))
  if (!(error instanceof MeshError && error.code === 'ERR_CONFIG')) return
  for (const line of error.message.split('\n').slice(1)) process.stderr.write(`  ${printable(line)}\n`)
}

/** A value as JSON on one line that does not steer the terminal either. */
export function json(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNESCAPED, escapeUnicode)
}

/** What others wrote must not steer the terminal, nor change the order in which the rest is read. */
export function printable(text: string): string {
  return text.replace(STEERING, '\ufffd')
}

/** An error in one line: what was wrong, and the stable code to look up. */
export function describeError(error: unknown): string {
  const [line = ''] = (error as Error).message.split('\n')
  return error instanceof MeshError ? `${line} (${error.code})` : line
}

/** Control characters (C0, DEL, C1) and the characters that turn the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
/** Those of them that JSON does not escape. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
