import type { ControlClient } from '../control-client.ts'
import { type CsvCell, csv } from './csv.ts'
import { json, print } from './output.ts'
import type { StatsTable } from './stats-tables.ts'
import { withClient } from './with-client.ts'

/** What the node gives at once. */
const PAGE_COUNTS = 1_000

/** What of the API is asked. */
export interface StatisticsApi {
  readonly service: Pick<ControlClient['api']['service'], 'statistics'>
}

interface Count {
  readonly sender?: string | undefined
  readonly recipient?: string | undefined
  readonly topic?: string | undefined
  readonly messages: number
  readonly bytes: number
}

type Row = Readonly<Record<string, CsvCell>>

/** Columns in Pastel's order; `topic` is what Pastel has none of, and comes last. */
const COLUMNS: Readonly<Record<StatsTable, readonly string[]>> = {
  message_metadata: ['total_messages', 'total_senders', 'total_receivers'],
  message_sender_metadata: [
    'sending_sn_pastelid',
    'sending_sn_txid_vout',
    'sending_sn_pubkey',
    'total_messages_sent',
    'total_data_sent_bytes',
  ],
  message_receiver_metadata: [
    'receiving_sn_pastelid',
    'receiving_sn_txid_vout',
    'total_messages_received',
    'total_data_received_bytes',
    'topic',
  ],
  message_sender_receiver_metadata: [
    'sending_sn_pastelid',
    'receiving_sn_pastelid',
    'total_messages',
    'total_data_bytes',
    'topic',
  ],
}

/** Writes one whole table: every counter, however many there are. */
export async function exportStats(dataDir: string, table: StatsTable, asJson: boolean): Promise<void> {
  const rows = await withClient(dataDir, async (api) =>
    readTable(api, table, await api.admin.pasteld.supernodes.query()),
  )
  if (asJson) return print(json(rows, 2))
  const columns = COLUMNS[table]
  process.stdout.write(csv([columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]))
}

/** A supernode, as far as the tables have it. */
export interface ListedSupernode {
  readonly pastelId: string | null
  readonly outpoint: string
  readonly publicKey: string
  /** Of those with one PastelID. */
  readonly isFirst: boolean
}

/** All rows of a table. @param supernodes those that are known, for the columns that only they have */
export async function readTable(
  api: StatisticsApi,
  table: StatsTable,
  supernodes: readonly ListedSupernode[] = [],
): Promise<Row[]> {
  const known = new Map(
    supernodes.flatMap((one) => (one.isFirst ? [[one.pastelId ?? '', one] as const] : [])),
  )
  if (table === 'message_metadata') return [await totals(api)]
  if (table === 'message_sender_metadata') {
    return (await countsBy(api, 'sender')).map((count) => senderRow(count, known))
  }
  if (table === 'message_receiver_metadata') {
    return (await countsBy(api, 'receiver')).map((count) => receiverRow(count, known))
  }
  return (await countsBy(api, 'pair')).map(pairRow)
}

type Known = ReadonlyMap<string, ListedSupernode>

async function totals({ service: { statistics } }: StatisticsApi): Promise<Row> {
  const sizeBy = async (by: 'sender' | 'receiver') => (await statistics.list.query({ by, limit: 1 })).size
  const [{ taken }, senders, receivers] = await Promise.all([
    statistics.totals.query(),
    sizeBy('sender'),
    sizeBy('receiver'),
  ])
  return { total_messages: taken.messages, total_senders: senders, total_receivers: receivers }
}

/** All of one kind, each once; last, and of nobody, those that have no counter of their own. */
async function countsBy(api: StatisticsApi, by: 'sender' | 'receiver' | 'pair'): Promise<Count[]> {
  const found = new Map<string, Count>()
  for (let offset = 0; ; offset += PAGE_COUNTS) {
    const page = await api.service.statistics.list.query({ by, order: 'first', offset, limit: PAGE_COUNTS })
    for (const count of page.counts) found.set(JSON.stringify(namesOf(count)), count)
    if (page.counts.length === PAGE_COUNTS) continue
    return page.others.batches === 0 ? [...found.values()] : [...found.values(), page.others]
  }
}

function namesOf({ sender = '', recipient = '', topic = '' }: Count) {
  return { sender, recipient, topic }
}

function senderRow(count: Count, known: Known): Row {
  const { sender } = namesOf(count)
  const { outpoint = '', publicKey = '' } = known.get(sender) ?? {}
  return {
    sending_sn_pastelid: sender,
    sending_sn_txid_vout: outpoint,
    sending_sn_pubkey: publicKey,
    total_messages_sent: count.messages,
    total_data_sent_bytes: count.bytes,
  }
}

function receiverRow(count: Count, known: Known): Row {
  const { recipient, topic } = namesOf(count)
  return {
    receiving_sn_pastelid: recipient,
    receiving_sn_txid_vout: known.get(recipient)?.outpoint ?? '',
    total_messages_received: count.messages,
    total_data_received_bytes: count.bytes,
    topic,
  }
}

function pairRow(count: Count): Row {
  const { sender, recipient, topic } = namesOf(count)
  return {
    sending_sn_pastelid: sender,
    receiving_sn_pastelid: recipient,
    total_messages: count.messages,
    total_data_bytes: count.bytes,
    topic,
  }
}
