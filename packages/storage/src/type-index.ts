import { encodePastelId, isPastelId, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { CARRIED_HEADERS, type MessageContent, ProtocolError } from '@pastel-mesh/protocol'
import type { Database } from './database.ts'
import { decodeCount } from './index-record.ts'
import {
  type Index,
  mergeScans,
  pickIndex,
  type ScanEntry,
  type ScanRange,
  scanChunks,
} from './index-scan.ts'
import { mixedTypePrefix, typePrefix } from './keys.ts'
import { intersect, PostingList } from './posting-list.ts'
import { isSealed } from './sealed.ts'
import type { StoredEntry } from './stored-entry.ts'

/**
 * Types that a batch may hold to be listed under each of them four times: alone, with its channel, with its
 * sender, with both. So every combination that is asked for is one list, read from any place on. Where lists of
 * frequent things have little in common, leaping from one to the other costs a seek for each entry.
 *
 * Batches are of one type, rarely of a few. One that holds more is listed once under each, apart from the
 * others, and only there combinations are looked for by leaping: 512 types, all that a batch can hold, would
 * otherwise write 2,048 entries.
 */
const MAX_COMBINED_TYPES = 4

/** What a batch that holds messages of a type is about, as far as it is asked for. */
export interface TypeQuery {
  readonly type: string
  readonly channel?: string | undefined
  readonly sender?: Uint8Array | undefined
}

/**
 * What messages that came from somebody, or went to somebody, by another way than the mesh are listed under as well: like
 * a type that no message can have.
 */
export function carriedType(end: 'from' | 'to', pastelId: PastelId): string {
  return `\u0000${end} ${pastelId}`
}

/** The types of some messages of a batch, each once; with what they are listed under as types. */
export function distinctTypes(
  messages: readonly MessageContent[],
  { sender, channel }: { readonly sender: Uint8Array; readonly channel: string },
): string[] {
  const types = new Set<string>()
  const mayBeCarried = channel.startsWith('inbox/')
  let last: string | undefined
  for (const { type, headers } of messages) {
    // Mostly all are of one.
    if (type !== last) types.add(type)
    last = type
    if (!mayBeCarried || headers[CARRIED_HEADERS.via] === undefined) continue
    // Nobody else's word counts.
    if (channel !== `inbox/${encodePastelId(sender)}`) continue
    for (const end of ['from', 'to'] as const) {
      const pastelId = headers[CARRIED_HEADERS[end]] ?? ''
      if (isPastelId(pastelId)) types.add(carriedType(end, parsePastelId(pastelId)))
    }
  }
  return [...types]
}

/**
 * The types that an entry holds messages of. A payload that does not open, and what is lost, has none; nor has a sealed
 * batch without its secret, also if its messages are in memory: what removes it must find the same.
 */
export function typesOf(entry: StoredEntry): string[] {
  if (entry.kind !== 'batch') return []
  if (entry.secret === undefined && isSealed(entry.signed.batch)) return []
  try {
    return distinctTypes(entry.messages(), entry.signed.batch)
  } catch (error) {
    if (error instanceof ProtocolError) return []
    throw error
  }
}

/** Where a batch is listed by its types. */
export function typePrefixes(
  types: readonly string[],
  { channel, sender }: { channel: string; sender: Uint8Array },
): Buffer[] {
  if (types.length > MAX_COMBINED_TYPES) return types.map(mixedTypePrefix)
  return types.flatMap((type) => [
    typePrefix(type, undefined, undefined),
    typePrefix(type, channel, undefined),
    typePrefix(type, undefined, sender),
    typePrefix(type, channel, sender),
  ])
}

/** The batches of a range that hold messages of a type, in chunks. */
export function scanType(
  database: Database,
  { type, channel, sender }: TypeQuery,
  range: ScanRange,
): AsyncGenerator<ScanEntry[]> {
  const listed = scanChunks(database, typeIndex(typePrefix(type, channel, sender)), range)
  const mixed = typeIndex(mixedTypePrefix(type))
  const found =
    channel === undefined && sender === undefined
      ? scanChunks(database, mixed, range)
      : intersect(
          new PostingList(database, mixed, range),
          new PostingList(database, pickIndex(channel, sender), range),
        )
  return mergeScans([listed, found], range)
}

function typeIndex(prefix: Buffer): Index {
  return { prefix, countOf: decodeCount }
}
