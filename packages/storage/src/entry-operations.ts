import { decodeLogId } from '@pastel-mesh/protocol'
import { encodeArrival } from './arrival-record.ts'
import type { Operation } from './database.ts'
import { encodeCount, encodeIndex, encodeLogPosition } from './index-record.ts'
import {
  arrivalKey,
  channelPrefix,
  logPositionKey,
  numbered,
  ownTipKey,
  senderChannelPrefix,
  senderPrefix,
} from './keys.ts'
import { aboutOf, type StoredEntry, toArrivalRecord } from './stored-entry.ts'
import { typePrefixes, typesOf } from './type-index.ts'

/**
 * What an entry of the arrival order writes: the batch once, and a few small index entries.
 * @param types what {@link typesOf} gives
 */
export function putEntry(entry: StoredEntry, types: readonly string[]): Operation[] {
  const puts: Operation[] = [
    { type: 'put', key: arrivalKey(entry.position), value: encodeArrival(toArrivalRecord(entry)) },
  ]
  if (entry.kind === 'batch') {
    const { logBytes, hash, batch } = entry.signed
    const value = encodeLogPosition({ arrival: entry.position, count: entry.count, hash })
    puts.push({ type: 'put', key: logPositionKey(logBytes, batch.first), value })
  }
  const index = encodeIndex({ log: logBytesOf(entry), count: entry.count })
  for (const key of indexKeys(entry)) puts.push({ type: 'put', key, value: index })
  const count = encodeCount(entry.count)
  for (const key of typeKeys(entry, types)) puts.push({ type: 'put', key, value: count })
  return puts
}

/** What removing it deletes. */
export function deleteEntry(entry: StoredEntry): Operation[] {
  const keys = [arrivalKey(entry.position), ...indexKeys(entry), ...typeKeys(entry, typesOf(entry))]
  if (entry.kind === 'batch') keys.push(logPositionKey(entry.signed.logBytes, entry.signed.batch.first))
  return keys.map((key) => ({ type: 'del', key }))
}

/** A log that this node began: the one that its next run follows. */
export function putOwnTip(sender: Uint8Array, channel: string, run: Uint8Array): Operation {
  return { type: 'put', key: ownTipKey(sender, channel), value: Buffer.from(run) }
}

function indexKeys(entry: StoredEntry): Buffer[] {
  const { channel, sender } = aboutOf(entry)
  return [channelPrefix(channel), senderPrefix(sender), senderChannelPrefix(sender, channel)].map((prefix) =>
    numbered(prefix, entry.position),
  )
}

function typeKeys(entry: StoredEntry, types: readonly string[]): Buffer[] {
  return typePrefixes(types, aboutOf(entry)).map((prefix) => numbered(prefix, entry.position))
}

function logBytesOf(entry: StoredEntry): Uint8Array {
  return entry.kind === 'batch' ? entry.signed.logBytes : decodeLogId(entry.log)
}
