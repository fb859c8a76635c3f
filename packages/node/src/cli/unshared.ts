import { EntryLines } from './entry-lines.ts'
import type { Shown } from './list-entries.ts'
import { json, print, warn } from './output.ts'
import { withClient } from './with-client.ts'

/** Messages of one call to the node. */
const PAGE = 1_000

/** Prints what the node published and no other member holds, as it comes. */
export async function listUnshared(dataDir: string, { asJson, withIds }: Shown): Promise<void> {
  await withClient(dataDir, async (api) => {
    const lines = new EntryLines({ withIds })
    let count = 0
    let from: string | undefined
    do {
      const page = await api.admin.unshared.query({ limit: PAGE, ...(from === undefined ? {} : { from }) })
      for (const message of page.messages) lines.measure(message)
      for (const message of page.messages) print(asJson ? json(message) : lines.line(message))
      count += page.messages.length
      from = page.next
    } while (from !== undefined)
    if (count === 0) warn('all that this node published is held by others as well')
  })
}
