import type { MessageInput } from '@pastel-mesh/protocol'
import { jsonOf, textOf } from '@pastel-mesh/protocol'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import { z } from 'zod'

const common = {
  type: z.string().optional(),
  replyTo: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  expiresAtMs: z.number().int().positive().optional(),
}

/** A message to publish: exactly one of text, json and base64. */
export const messageInput = z.union([
  z.strictObject({ ...common, text: z.string() }),
  z.strictObject({ ...common, json: z.json() }),
  z.strictObject({ ...common, base64: z.base64() }),
])

export function toMessageInput(input: z.infer<typeof messageInput>): MessageInput {
  if (!('base64' in input)) return dropUndefined(input) as MessageInput
  const { base64, ...options } = input
  return dropUndefined({ ...options, bytes: Buffer.from(base64, 'base64') }) as MessageInput
}

function dropUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}

/** A message as the API shows it; the body in the form that its content type asks for. */
export function toMessageOutput(message: ReceivedMessage) {
  const { id, sender, position, cursor, type, createdAtMs, receivedAtMs, replyTo, headers, channel } = message
  return {
    id,
    sender,
    topic: channel.kind === 'topic' ? channel.topic : undefined,
    position,
    cursor,
    type,
    createdAtMs,
    receivedAtMs,
    replyTo,
    headers,
    ...bodyOf(message),
  }
}

export type MessageOutput = ReturnType<typeof toMessageOutput>

function bodyOf(message: ReceivedMessage): { text: string } | { json: unknown } | { base64: string } {
  try {
    if (message.contentType === 'text') return { text: textOf(message) }
    if (message.contentType === 'json') return { json: jsonOf(message) }
  } catch {
    // The sender claimed a content type that the bytes are not: they are shown as they are.
  }
  return { base64: Buffer.from(message.body).toString('base64') }
}
