import type { Supernode } from '@pastel-mesh/pasteld'
import { csvTime, isoTime } from './pastel-time.ts'

/** The states of supernodes that the list has. */
const LISTED: ReadonlySet<string> = new Set(['ENABLED', 'PRE_ENABLED'])
const SECONDS_OF_DAY = 86_400

/** Whether a supernode is in the list of Pastel's layer. */
export function isListed({ status }: Supernode): boolean {
  return LISTED.has(status)
}

/** The columns of the list, in their order. Times as `writeTime` has them. */
function rowOf<T>(supernode: Supernode, writeTime: (ms: number) => T) {
  return {
    supernode_status: supernode.status,
    protocol_version: String(supernode.protocolVersion),
    supernode_psl_address: supernode.payee,
    lastseentime: writeTime(supernode.lastSeen * 1_000),
    activeseconds: supernode.activeSeconds,
    lastpaidtime: writeTime(supernode.lastPaidTime * 1_000),
    lastpaidblock: supernode.lastPaidBlock,
    'ipaddress:port': supernode.ipPort,
    rank: supernode.rank ?? null,
    pubkey: supernode.publicKey,
    extAddress: supernode.extAddress,
    extP2P: supernode.extP2P,
    extKey: supernode.extKey,
    activedays: supernode.activeSeconds / SECONDS_OF_DAY,
  }
}

/** By outpoint, as pandas makes JSON of its table: times in ms since 1970. */
export function supernodeTable(supernodes: readonly Supernode[]) {
  return Object.fromEntries(supernodes.map((one) => [one.outpoint, rowOf(one, (ms) => ms)]))
}

/** One supernode by itself, its address in both spellings that versions of the layer have. */
export function supernodeData(supernode: Supernode) {
  return { ...rowOf(supernode, isoTime), ipaddress_port: supernode.ipPort }
}

/** As pandas writes it: a line of names, then one for each supernode. */
export function supernodeCsv(supernodes: readonly Supernode[]): string {
  const rows = supernodes.map((one) => Object.values(rowOf(one, csvTime)))
  return [COLUMNS, ...rows].map((cells) => `${cells.map(cell).join(',')}\n`).join('')
}

const COLUMNS = [
  'supernode_status',
  'protocol_version',
  'supernode_psl_address',
  'lastseentime',
  'activeseconds',
  'lastpaidtime',
  'lastpaidblock',
  'ipaddress:port',
  'rank',
  'pubkey',
  'extAddress',
  'extP2P',
  'extKey',
  'activedays',
] satisfies (keyof ReturnType<typeof rowOf>)[]

/** Operators write some of these themselves. */
function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
