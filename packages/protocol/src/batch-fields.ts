import type { Batch as WireBatch } from '../generated/batch.js'
import { equalBytes } from './bytes.ts'
import { HASH_BYTES, ZERO_HASH } from './hash.ts'
import {
  MAX_BATCH_HEADER_BYTES,
  MAX_BATCH_MESSAGES,
  MAX_DIRECT_LIFETIME_MS,
  MAX_NUMBER,
  MAX_PAYLOAD_BYTES,
  PROTOCOL_VERSION,
} from './limits.ts'
import { RUN_BYTES } from './log-id.ts'
import { isTime } from './message.ts'
import { type Channel, isNetworkName, parseChannel } from './names.ts'

/** Bytes of an Ed448 public key. */
export const PUBLIC_KEY_BYTES = 57

/** How a payload is encoded: as it is; only to topics. */
export const ENCODING_PLAIN = 0
/** In one zstd frame; only to topics. */
export const ENCODING_ZSTD = 1
/** Sealed to the recipient of an inbox; always and only to inboxes. */
export const ENCODING_SEALED = 2

/** What is wrong with the fields of a batch, its payload's content aside. */
export function findProblem(wire: WireBatch, sizeBytes: number): string | undefined {
  if (wire.version !== PROTOCOL_VERSION) return `version ${wire.version} is unknown`
  if (!isNetworkName(wire.network)) return 'its network is no network name'
  if (wire.sender.length !== PUBLIC_KEY_BYTES) return `its sender has ${wire.sender.length} bytes, not 57`
  if (wire.run.length !== RUN_BYTES) return `its run has ${wire.run.length} bytes, not ${RUN_BYTES}`
  if (wire.previous.length !== HASH_BYTES)
    return `its previous hash has ${wire.previous.length} bytes, not 32`
  if (wire.count < 1 || wire.count > MAX_BATCH_MESSAGES) return `it counts ${wire.count} messages`
  if (wire.first > MAX_NUMBER - wire.count) return 'its positions are out of range'
  if (!isTime(wire.createdAt)) return 'its time is out of range'
  if (wire.expiresAt !== 0 && !isTime(wire.expiresAt)) return 'its expiry is out of range'
  if (wire.expiresAt !== 0 && wire.expiresAt <= wire.createdAt) return 'it expires before it was made'
  if (wire.encoding > ENCODING_SEALED) return `payload encoding ${wire.encoding} is unknown`
  if (wire.payload.length > MAX_PAYLOAD_BYTES) return `its payload has ${wire.payload.length} bytes`
  if (sizeBytes - wire.payload.length > MAX_BATCH_HEADER_BYTES) return 'its header is too long'
  return findChainProblem(wire) ?? findChannelProblem(wire)
}

function findChainProblem(wire: WireBatch): string | undefined {
  const { follows } = wire
  if (follows === undefined) {
    const isBeginning = equalBytes(wire.previous, ZERO_HASH)
    if (wire.first === 0 && !isBeginning) return 'it begins a log, follows none, and yet names a predecessor'
    if (wire.first > 0 && isBeginning) return 'it continues a log and names no predecessor'
    return undefined
  }
  if (equalBytes(wire.previous, ZERO_HASH)) return 'it follows a log and names no predecessor'
  if (wire.first !== 0) return 'only the first batch of a log may follow another log'
  if (follows.run.length !== RUN_BYTES) return `the run that it follows has ${follows.run.length} bytes`
  if (equalBytes(follows.run, wire.run)) return 'it follows its own run'
  if (follows.head > MAX_NUMBER) return 'the head that it follows is out of range'
  return undefined
}

function findChannelProblem(wire: WireBatch): string | undefined {
  let kind: Channel['kind']
  try {
    kind = parseChannel(wire.channel).kind
  } catch (error) {
    return (error as Error).message
  }
  const isSealed = wire.encoding === ENCODING_SEALED
  if (kind === 'topic') return isSealed ? 'only what goes to an inbox may be sealed' : undefined
  if (!isSealed) return 'what goes to an inbox must be sealed'
  if (wire.expiresAt === 0 || wire.expiresAt - wire.createdAt > MAX_DIRECT_LIFETIME_MS) {
    return 'what goes to an inbox must expire, at most 30 days after it was made'
  }
  return undefined
}
