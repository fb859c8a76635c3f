import { explainFileError, MeshError } from '@pastel-mesh/identity'
import { ConfigError } from '../config/config-error.ts'

/**
 * Lets a command go on when its output cannot be written: nothing of what it does depends on it. That whoever read it
 * has gone is no fault (`pmesh messages | head -1`, or a node whose logger ended); a disk that is full is one, and is
 * told once, where there still is somebody to tell.
 */
export function survivePipes(): void {
  process.stderr.on('error', () => {})
  let isTold = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isTold) return
    isTold = true
    process.exitCode = 1
    warn(`the output cannot be written: ${explainFileError(error)}`)
  })
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line on the standard error. */
export function warn(line: string): void {
  process.stderr.write(`pmesh: ${printable(line)}\n`)
}

/**
 * An error on the standard error: one line, but a line for each thing that is wrong with a configuration.
 * @param asJson as one JSON object, for programs
 */
export function warnError(error: unknown, asJson = false): void {
  if (asJson) {
    warnJson(error instanceof MeshError ? error.code : 'ERR_INTERNAL', (error as Error).message)
    return
  }
  if (error instanceof ConfigError) for (const warning of error.warnings) warn(warning)
  warn(describeError(error))
  if (!(error instanceof MeshError && error.code === 'ERR_CONFIG')) return
  for (const line of error.message.split('\n').slice(1)) process.stderr.write(`  ${printable(line)}\n`)
}

/** An error as one JSON object on the standard error. */
export function warnJson(code: string, message: string): void {
  process.stderr.write(`${json({ error: { code, message } })}\n`)
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
  if (error instanceof MeshError) return `${line} (${error.code})`
  // Of the system's own errors this says what to do as well.
  return explainFileError(error)
}

/** Control characters (C0, DEL, C1) and the characters that turn the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
/** Those of them that JSON does not escape. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
