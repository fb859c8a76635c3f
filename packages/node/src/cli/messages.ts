import type { MessageOutput } from '@pastel-mesh/sdk-server'
import { json, print, printable, warn } from './output.ts'
import { withClient } from './with-client.ts'

export interface MessageFilter {
  readonly topic?: string
  readonly sender?: string
  /** How many of the newest. */
  readonly limit: number
}

/** Messages of one call to the node. */
const PAGE = 1_000

export async function listMessages(dataDir: string, filter: MessageFilter, asJson: boolean): Promise<void> {
  const { limit, ...rest } = filter
  const messages = await withClient(dataDir, async (api) => {
    const found: MessageOutput[] = []
    let from: string | undefined
    do {
      const page = await api.service.messages.list.query({
        ...rest,
        limit: Math.min(PAGE, limit - found.length),
        ...(from === undefined ? {} : { from }),
      })
      for (const message of page.messages) found.push(message)
      from = page.next
    } while (from !== undefined && found.length < limit)
    return found
  })
  for (const message of messages.reverse()) print(asJson ? json(message) : describe(message))
  if (messages.length === 0 && !asJson) warn('no messages are stored that match')
}

function describe(message: MessageOutput): string {
  const body =
    'text' in message
      ? message.text
      : 'json' in message
        ? JSON.stringify(message.json)
        : `${Buffer.byteLength(message.base64, 'base64')} bytes`
  return [
    new Date(message.createdAtMs).toISOString(),
    message.topic ?? 'inbox',
    `${message.sender.slice(0, 10)}…`,
    printable(message.type),
    printable(body),
  ].join('  ')
}
