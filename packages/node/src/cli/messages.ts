import type { MessageOutput } from '@pastel-mesh/sdk-server'
import { withClient } from './with-client.ts'

export interface MessageFilter {
  readonly topic?: string
  readonly sender?: string
  readonly limit: number
}

export async function listMessages(dataDir: string, filter: MessageFilter, json: boolean): Promise<void> {
  const { messages } = await withClient(dataDir, (api) => api.service.messages.list.query(filter))
  messages.reverse()
  for (const message of messages)
    process.stdout.write(`${json ? JSON.stringify(message) : describe(message)}\n`)
  if (messages.length === 0 && !json) process.stderr.write('pmesh: no messages are stored that match\n')
}

function describe(message: MessageOutput): string {
  const body =
    'text' in message
      ? message.text
      : 'json' in message
        ? JSON.stringify(message.json)
        : `${Buffer.byteLength(message.base64, 'base64')} bytes`
  const sender = `${message.sender.slice(0, 10)}…`
  return `${new Date(message.createdAtMs).toISOString()}  ${message.topic ?? 'inbox'}  ${sender}  ${message.type}  ${printable(body)}`
}

/** What others wrote must not steer the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this replaces
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}
