import type { MessageOutput, NoticeOutput } from '@pastel-mesh/sdk-server'
import { describeNotice } from './describe-notice.ts'
import { json, print, printable, warn } from './output.ts'
import { withClient } from './with-client.ts'

export interface MessageFilter {
  readonly topic?: string
  readonly sender?: string
  readonly type?: string
  /** When the node took it in, in ms since 1970: then or later. */
  readonly since?: number
  /** Before. */
  readonly until?: number
  /** How many of the newest; what stands for messages that are not there counts as one. */
  readonly limit: number
}

/** Messages of one call to the node. */
const PAGE = 1_000

export async function listMessages(dataDir: string, filter: MessageFilter, asJson: boolean): Promise<void> {
  const { limit, ...rest } = filter
  const entries = await withClient(dataDir, async (api) => {
    const found: (MessageOutput | NoticeOutput)[] = []
    let from: string | undefined
    do {
      const page = await api.service.messages.list.query({
        ...rest,
        limit: Math.min(PAGE, limit - found.length),
        ...(from === undefined ? {} : { from }),
      })
      for (const entry of inPlace(page)) found.push(entry)
      from = page.next
    } while (from !== undefined && found.length < limit)
    return found
  })
  for (const entry of entries.reverse()) print(asJson ? json(entry) : describeEntry(entry))
  if (entries.length === 0 && !asJson) warn('no messages are stored that match')
}

/** What a page, the newest first, has, each in its place; what is about the page as a whole comes last. */
function inPlace({ messages, notices }: { messages: MessageOutput[]; notices: NoticeOutput[] }) {
  const arrivalOf = (entry: MessageOutput | NoticeOutput) => ('arrival' in entry ? entry.arrival : -1)
  return [...messages, ...notices].sort((a, b) => arrivalOf(b) - arrivalOf(a))
}

function describeEntry(entry: MessageOutput | NoticeOutput): string {
  if ('kind' in entry) return describeNotice(entry)
  // Before the time, where nothing that others wrote can stand.
  return `${entry.isLate === true ? 'late  ' : ''}${describe(entry)}`
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
