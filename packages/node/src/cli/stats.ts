import { table } from '../table.ts'
import { json, print, printable, warn } from './output.ts'
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
  const shown = counts.length
  const isFiltered = filter.topic !== undefined || filter.sender !== undefined
  const rows = [
    ['', 'messages', 'batches', 'bytes'],
    // Of what is filtered there are no totals.
    ...(isFiltered ? [] : [row('stored now', stored), row('taken in, ever', taken)]),
    ...counts.map((count) => row(nameOf(count), count)),
    ...(others.batches > 0 ? [row('others', others)] : []),
  ]
  if (rows.length === 1) return warn('nothing was taken in that matches')
  print(table(rows))
  if (shown < size) print(`the ${shown} with most ${filter.order} of ${size}: see --limit`)
}

interface Counts {
  readonly messages: number
  readonly batches: number
  readonly bytes: number
}

function row(name: string, { messages, batches, bytes }: Counts): string[] {
  return [printable(name), `${messages}`, `${batches}`, `${bytes}`]
}

function nameOf(count: {
  readonly sender?: string | undefined
  readonly topic?: string | undefined
  readonly recipient?: string | undefined
}): string {
  const { sender, topic, recipient } = count
  const receiver = topic ?? (recipient === undefined ? undefined : `inbox of ${recipient}`)
  return [sender, receiver].filter((part) => part !== undefined).join(' to ')
}
