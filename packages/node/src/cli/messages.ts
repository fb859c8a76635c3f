import type { EntryOutput, MessageOutput, NoticeOutput } from '@pastel-mesh/sdk-server'
import { EntryLines } from './entry-lines.ts'
import { json, print, warn } from './output.ts'
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
    const found: EntryOutput[] = []
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
  const lines = new EntryLines()
  for (const entry of entries) lines.measure(entry)
  for (const entry of entries.reverse()) print(asJson ? json(entry) : lines.line(entry))
  if (entries.length === 0 && !asJson) warn('no messages are stored that match')
}

/** What a page, the newest first, has, each in its place; what is about the page as a whole comes last. */
function inPlace({ messages, notices }: { messages: MessageOutput[]; notices: NoticeOutput[] }) {
  const arrivalOf = (entry: EntryOutput) => ('arrival' in entry ? entry.arrival : -1)
  return [...messages, ...notices].sort((a, b) => arrivalOf(b) - arrivalOf(a))
}
