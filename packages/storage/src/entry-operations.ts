import type { Operation } from './database.ts'
import {
  arrivalKey,
  channelPrefix,
  logKey,
  logPositionKey,
  numbered,
  ownTipKey,
  senderChannelPrefix,
  senderPrefix,
} from './keys.ts'
import { encodeArrival, encodeIndex, encodeLogPosition, encodeLogState, type LogState } from './records.ts'
import type { StoredBatch } from './stored-batch.ts'

/** What an entry of the arrival order writes: the batch once, a few small index entries, its log's state. */
export function entryOperations(entry: StoredBatch, state: LogState, isOwn: boolean): Operation[] {
  const { batch, logBytes, hash } = entry.signed
  const { sender, channel, run, first } = batch
  const index = encodeIndex({ log: logBytes, count: entry.count })
  const position = encodeLogPosition({ arrival: entry.position, count: entry.count, hash })
  const puts: [key: Buffer, value: Buffer][] = [
    [arrivalKey(entry.position), encodeArrival(entry)],
    [logPositionKey(logBytes, first), position],
    [numbered(channelPrefix(channel), entry.position), index],
    [numbered(senderPrefix(sender), entry.position), index],
    [numbered(senderChannelPrefix(sender, channel), entry.position), index],
    [logKey(logBytes), encodeLogState(state)],
  ]
  if (isOwn && first === 0) puts.push([ownTipKey(sender, channel), Buffer.from(run)])
  return puts.map(([key, value]) => ({ type: 'put', key, value }))
}
