import { createHash } from 'node:crypto'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'

/** A message as the data of a job: all of it, for retention may remove it before the job is done. */
export interface MessageJobData extends Omit<ReceivedMessage, 'kind' | 'body'> {
  /** Base64. */
  readonly body: string
  /** Their values are base64: see {@link toJobData}. */
  readonly hasEncodedHeaders?: true
}

/**
 * Characters of headers as JSON. A body has 256 KiB at most, the data of a job 512 KiB; headers take 34 KiB, but six times
 * as much as JSON if they are control characters: then they are encoded, lest one message could not be taken by any job,
 * and held up all behind it.
 */
const MAX_PLAIN_HEADERS = 64 * 1024
/** A name of a job has 64 characters. */
const MAX_NAME = 64
const PLAIN = /^[A-Za-z0-9._-]+$/

export function toJobData(message: ReceivedMessage): MessageJobData {
  const { kind: _, body, ...rest } = message
  // Its getter is not its own property.
  const data = { ...rest, cursor: message.cursor, body: Buffer.from(body).toString('base64') }
  if (JSON.stringify(data.headers).length <= MAX_PLAIN_HEADERS) return data
  return {
    ...data,
    headers: mapped(data.headers, (value) => Buffer.from(value).toString('base64')),
    hasEncodedHeaders: true,
  }
}

export function fromJobData(data: MessageJobData): ReceivedMessage {
  const { hasEncodedHeaders, body, headers, ...rest } = data
  return {
    kind: 'message',
    ...rest,
    headers: hasEncodedHeaders
      ? mapped(headers, (value) => Buffer.from(value, 'base64').toString())
      : headers,
    body: new Uint8Array(Buffer.from(body, 'base64')),
  }
}

/**
 * The job that takes the messages of a source, the same at each start: `greeter.on.prices`, `greeter.inbox`. A topic whose
 * name is none of a job, for it is long or has slashes, has a hash of it in its place.
 */
export function messageJobName(plugin: string, topic: string | undefined): string {
  if (topic === undefined) return `${plugin}.inbox`
  const name = `${plugin}.on.${topic}`
  if (name.length <= MAX_NAME && PLAIN.test(topic)) return name
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, 12)
  const readable = topic.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 12)
  return `${plugin}.on.${readable}-${hash}`
}

function mapped(
  headers: Readonly<Record<string, string>>,
  map: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, map(value)]))
}
