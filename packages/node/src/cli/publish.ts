import { MeshError } from '@pastel-mesh/identity'
import { MAX_BODY_BYTES } from '@pastel-mesh/protocol'
import type { ControlClient } from '../control-client.ts'
import { inChunks, PUBLISH_LIMITS } from '../in-chunks.ts'
import { type BodyKind, bodyOfBytes, bodyOfText, type MessageBody } from './message-body.ts'
import { json, print, printable, warn } from './output.ts'
import { openBody, readBody } from './read-body.ts'
import { readLines } from './read-lines.ts'
import { Progress } from './terminal/progress.ts'
import { withClient } from './with-client.ts'

export interface PublishRequest {
  readonly topic: string
  /** Absent, or `-`: the file, or the standard input. */
  readonly text?: string | undefined
  readonly file?: string | undefined
  /** A message for each line, instead of one of all. */
  readonly isLines: boolean
  /** Absent: text, or bytes if it is not UTF-8. */
  readonly contentType?: BodyKind | undefined
  readonly type?: string | undefined
  readonly replyTo?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** When a message that is published now expires, in ms since 1970. */
  readonly expiresAtMs?: (() => number) | undefined
  readonly asJson: boolean
}

/** Bytes that type, headers and the like of all messages of one call may take beside the bodies. */
const MAX_OPTION_BYTES = 2 * 1024 * 1024

/** Publishes one message, or lines as they come; prints the id of each when it is on the node's disk. */
export async function publish(dataDir: string, request: PublishRequest): Promise<void> {
  const { topic, isLines, asJson } = request
  const body = isLines ? undefined : await readOne(request)
  await withClient(dataDir, async (api) => {
    const send = async (bodies: readonly MessageBody[]) => {
      const options = optionsOf(request)
      const messages = bodies.map((body) => ({ ...body, ...options }))
      return (await api.service.messages.publish.mutate({ topic, messages })).ids
    }
    const show = (ids: readonly string[]) => {
      for (const id of ids) print(asJson ? json({ id }) : id)
    }
    if (body !== undefined) show(await send([body]))
    else if ((await publishLines(request, send, show)) === 0) return
    await warnIfNotJoined(api, topic)
  })
}

/** @returns how many there were */
async function publishLines(
  request: PublishRequest,
  send: (bodies: readonly MessageBody[]) => Promise<readonly string[]>,
  show: (ids: readonly string[]) => void,
): Promise<number> {
  const { file, contentType, asJson } = request
  const { stream, name } = inputOf(file)
  const optionBytes = Buffer.byteLength(JSON.stringify(optionsOf(request)))
  const limits = {
    ...PUBLISH_LIMITS,
    maxCount: Math.min(PUBLISH_LIMITS.maxCount, Math.ceil(MAX_OPTION_BYTES / optionBytes)),
  }
  const progress = new Progress('message')
  try {
    for await (const lines of inChunks(readLines(stream, MAX_BODY_BYTES), limits)) {
      const ids = await send(lines.map((line) => bodyOfText(line, contentType, `a line of ${name}`)))
      progress.clear()
      show(ids)
      progress.add(ids.length)
    }
  } finally {
    progress.clear()
    // With JSON nothing but an error stands on the standard error, for whoever parses that.
    if (progress.count > 0 && !asJson) warn(`published ${progress.summary()}`)
  }
  if (progress.count === 0) warn('there was nothing to publish')
  return progress.count
}

async function readOne({ text, file, contentType }: PublishRequest): Promise<MessageBody> {
  if (text !== undefined && text !== '-') return bodyOfText(text, contentType, 'the text')
  const { stream, name } = inputOf(file)
  if (file === undefined && process.stdin.isTTY) warn('the message is what you type now; Ctrl-D ends it')
  const bytes = await readBody(stream, MAX_BODY_BYTES, name)
  if (bytes.length > 0) return bodyOfBytes(bytes, contentType, name)
  throw new MeshError('ERR_BODY', `${name} is empty: to publish a message without text, give "" as the text`)
}

function inputOf(file: string | undefined): { stream: AsyncIterable<Uint8Array>; name: string } {
  if (file === undefined || file === '-') return { stream: process.stdin, name: 'the input' }
  return { stream: openBody(file), name: `the file ${file}` }
}

function optionsOf({ type, replyTo, headers, expiresAtMs }: PublishRequest) {
  return {
    ...(type === undefined ? {} : { type }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(headers === undefined ? {} : { headers }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs: expiresAtMs() }),
  }
}

async function warnIfNotJoined(api: ControlClient['api'], topic: string): Promise<void> {
  const { topics } = await api.admin.status.query()
  if (topics.some((joined) => joined.topic === topic)) return
  warn(
    `this node has not joined ${printable(topic)}: it stores what it publishes there, and hears nothing from others`,
  )
}
