import { MeshError } from '@pastel-mesh/identity'
import { MAX_BODY_BYTES } from '@pastel-mesh/protocol'
import { inChunks, PUBLISH_LIMITS } from '../in-chunks.ts'
import { type BodyKind, bodyOfBytes, bodyOfText, type MessageBody } from './message-body.ts'
import { warn } from './output.ts'
import { openBody, readBody } from './read-body.ts'
import { readLines } from './read-lines.ts'
import { Progress } from './terminal/progress.ts'

/** What is to become of an input: one message, or one for each line; the same options for each. */
export interface MessageRequest {
  /** Absent, or `-`: the file, or the standard input. */
  readonly text?: string | undefined
  readonly file?: string | undefined
  readonly asJson: boolean
  /** A message for each line, instead of one of all. */
  readonly isLines: boolean
  /** Absent: text, or bytes if it is not UTF-8. */
  readonly contentType?: BodyKind | undefined
  readonly type?: string | undefined
  readonly replyTo?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** When a message that is accepted now expires, in ms since 1970. */
  readonly expiresAtMs?: (() => number) | undefined
}

/** What a command does with messages. */
export interface Verb {
  /** `publish` */
  readonly base: string
  /** `published` */
  readonly past: string
}

/** Bytes that type, headers and the like of all messages of one call may take beside the bodies. */
const MAX_OPTION_BYTES = 2 * 1024 * 1024

/** The one message of a text, a file or the standard input. @throws MeshError ERR_BODY, ERR_BODY_FILE */
export async function readOne(
  { text, file, contentType }: MessageRequest,
  { base }: Verb,
): Promise<MessageBody> {
  if (text !== undefined && text !== '-') return bodyOfText(text, contentType, 'the text')
  const { stream, name } = inputOf(file)
  if (file === undefined && process.stdin.isTTY) warn('the message is what you type now; Ctrl-D ends it')
  const bytes = await readBody(stream, MAX_BODY_BYTES, name)
  if (bytes.length > 0) return bodyOfBytes(bytes, contentType, name)
  throw new MeshError('ERR_BODY', `${name} is empty: to ${base} a message without text, give "" as the text`)
}

/**
 * Hands on the lines of an input as they come, and shows how many there are by now.
 * @param handOn resolves when the node has them; @returns what to do with the output, when the progress is out of its way
 * @param copies messages that one line makes
 * @returns how many lines there were
 */
export async function forEachLine(
  request: MessageRequest,
  { base, past }: Verb,
  handOn: (bodies: readonly MessageBody[]) => Promise<() => void>,
  copies = 1,
): Promise<number> {
  const { file, contentType } = request
  const { stream, name } = inputOf(file)
  const optionBytes = Buffer.byteLength(JSON.stringify(optionsOf(request)))
  const mayHave = Math.min(PUBLISH_LIMITS.maxCount / copies, MAX_OPTION_BYTES / optionBytes)
  const limits = { ...PUBLISH_LIMITS, maxCount: Math.max(1, Math.floor(mayHave)) }
  const progress = new Progress('message')
  try {
    for await (const lines of inChunks(readLines(stream, MAX_BODY_BYTES), limits)) {
      const show = await handOn(lines.map((line) => bodyOfText(line, contentType, `a line of ${name}`)))
      progress.clear()
      show()
      progress.add(lines.length)
    }
  } finally {
    progress.clear()
    // With JSON nothing but an error stands on the standard error, for whoever parses that.
    if (progress.count > 0 && !request.asJson) warn(`${past} ${progress.summary()}`)
  }
  if (progress.count === 0) warn(`there was nothing to ${base}`)
  return progress.count
}

/** What each message has beside its body. */
export function optionsOf({ type, replyTo, headers, expiresAtMs }: MessageRequest) {
  return {
    ...(type === undefined ? {} : { type }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(headers === undefined ? {} : { headers }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs: expiresAtMs() }),
  }
}

function inputOf(file: string | undefined): { stream: AsyncIterable<Uint8Array>; name: string } {
  if (file === undefined || file === '-') return { stream: process.stdin, name: 'the input' }
  return { stream: openBody(file), name: `the file ${file}` }
}
