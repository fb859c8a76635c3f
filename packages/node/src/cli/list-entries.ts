import type { EntryOutput, MessageOutput, NoticeOutput } from '@pastel-mesh/sdk-server'
import type { ControlClient } from '../control-client.ts'
import { EntryLines } from './entry-lines.ts'
import { json, print, warn } from './output.ts'
import { withClient } from './with-client.ts'

/** A page of the node, the newest first. */
interface EntryPage {
  readonly messages: MessageOutput[]
  readonly notices: NoticeOutput[]
  readonly next?: string | undefined
}

/** How a list is shown. */
export interface Shown {
  readonly asJson: boolean
  /** Each line begins with the id. */
  readonly withIds: boolean
}

interface ListOptions extends Shown {
  readonly limit: number
  /** Said if there are none. */
  readonly none: string
}

/** Messages of one call to the node. */
const PAGE = 1_000

/** Prints entries of the node, the newest last. */
export async function listEntries(
  dataDir: string,
  { limit, asJson, withIds, none }: ListOptions,
  readPage: (api: ControlClient['api'], page: { limit: number; from?: string }) => Promise<EntryPage>,
): Promise<void> {
  const entries = await withClient(dataDir, async (api) => {
    const found: EntryOutput[] = []
    let from: string | undefined
    do {
      const page = await readPage(api, {
        limit: Math.min(PAGE, limit - found.length),
        ...(from === undefined ? {} : { from }),
      })
      for (const entry of inPlace(page)) found.push(entry)
      from = page.next
    } while (from !== undefined && found.length < limit)
    return found
  })
  const lines = new EntryLines({ withIds })
  for (const entry of entries) lines.measure(entry)
  for (const entry of entries.reverse()) print(asJson ? json(entry) : lines.line(entry))
  if (entries.length === 0 && !asJson) warn(none)
}

/** What a page has, each in its place; what is about the page as a whole comes last. */
function inPlace({ messages, notices }: EntryPage): EntryOutput[] {
  const arrivalOf = (entry: EntryOutput) => ('arrival' in entry ? entry.arrival : -1)
  return [...messages, ...notices].sort((a, b) => arrivalOf(b) - arrivalOf(a))
}
