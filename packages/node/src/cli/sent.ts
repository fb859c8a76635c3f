import type { SentOutput, WaitingOutput } from '@pastel-mesh/sdk-server'
import { aboutState, shownState } from './describe-delivery.ts'
import { bodyOf } from './entry-lines.ts'
import type { Shown } from './list-entries.ts'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { screenWidth, shownId } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

export interface SentFilter {
  readonly to?: string | undefined
  readonly type?: string | undefined
  /** When the node stored it, in ms since 1970: then or later. */
  readonly since?: number | undefined
  /** How many of the newest. */
  readonly limit: number
}

/** Messages of one call to the node. */
const PAGE = 1_000

/** Shows what the node sent, the newest last, each with the state of its delivery. */
export async function listSent(
  dataDir: string,
  filter: SentFilter,
  { asJson, withIds }: Shown,
): Promise<void> {
  const { limit, ...rest } = filter
  const waiting: WaitingOutput[] = []
  const sent = await withClient(dataDir, async (api) => {
    const found: SentOutput[] = []
    let from: string | undefined
    do {
      const page = await api.service.messages.sent.query({
        ...rest,
        limit: Math.min(PAGE, limit - found.length),
        ...(from === undefined ? {} : { from }),
      })
      for (const message of page.messages) found.push(message)
      // Nobody knows their types, and they are not stored as messages yet.
      if (rest.type === undefined && rest.since === undefined) waiting.push(...page.waiting)
      from = page.next
    } while (from !== undefined && found.length < limit)
    return found.reverse()
  })
  if (asJson) for (const message of [...sent, ...waiting]) print(json(message))
  else if (sent.length + waiting.length > 0) {
    const shown = [
      ...sent.map((message) => row(message, withIds)),
      ...waiting.map((message) => waitingRow(message, withIds)),
    ]
    print(columns(shown, { width: screenWidth() }))
  } else warn('no direct messages of this node are stored that match')
}

function row(message: SentOutput, withIds: boolean): Cell[] {
  const { id, createdAtMs, delivery, type } = message
  return [
    ...(withIds ? [id] : []),
    { text: new Date(createdAtMs).toISOString(), tone: 'quiet' },
    { text: `to ${shownId(delivery.recipient)}`, tone: 'name' },
    delivery.sentAgainAs === undefined
      ? { text: shownState(delivery), tone: aboutState(delivery.state, delivery).tone }
      : { text: 'sent again', tone: 'quiet' },
    type,
    bodyOf(message),
  ]
}

function waitingRow({ id, recipient }: WaitingOutput, withIds: boolean): Cell[] {
  return [
    ...(withIds ? [id] : []),
    { text: 'not sent yet', tone: 'quiet' },
    { text: `to ${shownId(recipient)}`, tone: 'name' },
    { text: 'waiting-for-certificate', tone: aboutState('waiting-for-certificate').tone },
    ...(withIds ? [] : ['', id]),
  ]
}
