import type { PastelId } from '@pastel-mesh/identity'
import {
  ENCODING_SEALED,
  type MessageContent,
  openBatch,
  openPayload,
  ProtocolError,
  type SignedBatch,
  type SplitEnvelope,
} from '@pastel-mesh/protocol'
import type { DropReason } from '../counters.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { pastelIdOf } from '../pastel-id-of.ts'

/** What is done with a batch that is not taken in: reject what the bytes alone prove wrong, ignore the rest. */
export interface Drop {
  readonly action: 'reject' | 'ignore'
  readonly reason: DropReason
}

export class Dropped extends Error {
  readonly drop: Drop
  constructor(action: Drop['action'], reason: DropReason) {
    super(reason)
    this.drop = { action, reason }
  }
}

/** A batch whose bytes are right: canonical, in bounds, of this network and channel. */
export interface DecodedBatch {
  readonly signed: SignedBatch
  /** Absent: they are sealed. */
  readonly messages?: readonly MessageContent[]
  readonly sender: PastelId
}

/** Clocks of honest nodes differ by less; gossip takes nothing that is older or younger. */
const MAX_GOSSIP_AGE_MS = 5 * 60_000
const MAX_FUTURE_MS = 2 * 60_000

/**
 * Opens an envelope; a compressed payload stays as it is.
 * @param channel the channel that the batch came on; undefined if the way it came does not say
 * @throws Dropped
 */
export function openEnvelope(
  envelope: Uint8Array,
  split: SplitEnvelope,
  network: string,
  channel: string | undefined,
): SignedBatch {
  const signed = wellFormed(() => openBatch(envelope, split))
  const { batch } = signed
  if (batch.network !== network) throw new Dropped('reject', 'wrong-network')
  if (channel !== undefined && batch.channel !== channel) throw new Dropped('reject', 'wrong-topic')
  return signed
}

/**
 * Decompresses and decodes the payload, so that nothing is forwarded which the next node could not read. What is
 * sealed only its recipient can open.
 * @throws Dropped
 */
export function decodeMessages(signed: SignedBatch): DecodedBatch {
  const sender = pastelIdOf(signed.batch.sender)
  if (signed.batch.encoding === ENCODING_SEALED) return { signed, sender }
  return { signed, messages: wellFormed(() => openPayload(signed.batch)), sender }
}

function wellFormed<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof ProtocolError) throw new Dropped('reject', 'malformed')
    throw error
  }
}

/** How a batch came, as far as its standing depends on it. */
export interface Passage {
  readonly via: 'gossip' | 'sync' | 'direct'
  /** The PastelID of the node that delivered it, if that is known. */
  readonly deliverer?: PastelId | undefined
}

/**
 * Membership and time: they look different to honest nodes, so nobody is blamed for them.
 * @throws Dropped
 */
export function judgeStanding(
  { signed, sender }: DecodedBatch,
  passage: Passage,
  registry: MemberRegistry,
  nowMs: number,
): void {
  const { createdAtMs, expiresAtMs } = signed.batch
  if (!mayBeTaken(sender, createdAtMs, passage, registry, nowMs)) throw new Dropped('ignore', 'not-a-member')
  if (createdAtMs > nowMs + MAX_FUTURE_MS) throw new Dropped('ignore', 'from-the-future')
  // What is late or expired still has its place in its log: sync takes it.
  if (passage.via !== 'gossip') return
  if (createdAtMs < nowMs - MAX_GOSSIP_AGE_MS) throw new Dropped('ignore', 'too-old')
  if (expiresAtMs !== 0 && expiresAtMs <= nowMs) throw new Dropped('ignore', 'expired')
}

/**
 * Gossip is of those who are members now. Log sync brings what a sender made while it was one; if it has left, only
 * from a member: it can write any time into its batches, so one that a member stored is all that shows that it was
 * there in time.
 */
function mayBeTaken(
  sender: PastelId,
  createdAtMs: number,
  { via, deliverer }: Passage,
  registry: MemberRegistry,
  nowMs: number,
): boolean {
  const isMember = registry.memberAt(sender, nowMs) !== undefined
  if (via === 'gossip') return isMember
  if (registry.memberAt(sender, createdAtMs) === undefined) return false
  return isMember || (deliverer !== undefined && registry.memberAt(deliverer, nowMs) !== undefined)
}
