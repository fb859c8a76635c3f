import { describeBytes } from './describe-bytes.ts'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeCount } from './terminal/figures.ts'
import { screenWidth, shownId } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

export interface StatsFilter {
  readonly by: 'sender' | 'receiver' | 'pair'
  readonly order: 'messages' | 'batches' | 'bytes'
  readonly limit: number
  readonly topic?: string
  readonly sender?: string
}

/** Shows what the node ever took in, in total and by what is asked for, and what it stores now. */
export async function showStats(dataDir: string, filter: StatsFilter, asJson: boolean): Promise<void> {
  const { totals, list } = await withClient(dataDir, async (api) => ({
    totals: await api.service.statistics.totals.query(),
    list: await api.service.statistics.list.query(filter),
  }))
  if (asJson) return print(json({ ...totals, ...list }, 2))
  const { taken, stored } = totals
  const { counts, size, others } = list
  const isFiltered = filter.topic !== undefined || filter.sender !== undefined
  const rows = [
    // Of what is filtered there are no totals.
    ...(isFiltered ? [] : [row('stored now', stored), row('taken in, ever', taken)]),
    ...counts.map((count) => row(nameOf(count), count)),
    ...(others.batches > 0 ? [row('others', others)] : []),
  ]
  if (rows.length === 0) return warn('nothing was taken in that matches')
  const headings = ['MESSAGES', 'BATCHES', 'SIZE', 'OF'].map((text): Cell => ({ text, tone: 'heading' }))
  print(columns([headings, ...rows], { right: [0, 1, 2], width: screenWidth() }))
  if (counts.length < size) {
    print(
      `the ${describeCount(counts.length)} with most ${filter.order} of ${describeCount(size)}: see --limit`,
    )
  }
}

interface Counts {
  readonly messages: number
  readonly batches: number
  readonly bytes: number
}

function row(name: string, { messages, batches, bytes }: Counts): Cell[] {
  return [describeCount(messages), describeCount(batches), describeBytes(bytes), name]
}

function nameOf(count: {
  readonly sender?: string | undefined
  readonly topic?: string | undefined
  readonly recipient?: string | undefined
}): string {
  const { sender, topic, recipient } = count
  const receiver = topic ?? (recipient === undefined ? undefined : `inbox of ${shownId(recipient)}`)
  const from = sender === undefined ? undefined : shownId(sender)
  return [from, receiver].filter((part) => part !== undefined).join(' to ')
}
