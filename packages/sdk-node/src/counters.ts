import type { CertificateCounters } from './connection/certificate-intake.ts'
import type { ReadCounters, SentCounters } from './connection/stream-meter.ts'

/** Why a batch was not taken in. */
export type DropReason =
  /** Provable from the bytes: the relaying peer is held to account. */
  | 'malformed'
  | 'signature'
  | 'wrong-network'
  | 'wrong-topic'
  /** Sync brought what this node did not ask for. */
  | 'not-asked'
  /** Known already: stored, or being taken in. */
  | 'duplicate'
  /** Its sender is no member. */
  | 'not-a-member'
  | 'too-old'
  | 'from-the-future'
  | 'expired'
  /** Over a rate or a bound: log sync fetches it later. */
  | 'peer-rate'
  | 'sender-rate'
  | 'overload'
  /** Its sender begins more runs, or writes to more channels, than its rate allows: log sync fetches it later. */
  | 'sender-runs'
  | 'sender-channels'
  /** The disk has less free than the reserve: log sync fetches it when there is room again. */
  | 'disk-reserve'
  /** Messages before it are missing, and there was no room to hold it: log sync fetches both. */
  | 'gap'
  /** It contradicts what its sender signed before: its log is frozen. */
  | 'conflict'
  /** Its log is frozen. */
  | 'frozen'
  /** It was stored once and removed since, or is older than what is wanted. */
  | 'pruned'
  /** The database could not take it. */
  | 'store'

/** What reading the peers' orders took, and how often it ended badly. */
export interface SyncCounters {
  /** Ends of logs that peers announced. */
  heads: number
  /** Ranges of logs that peers were asked for. */
  ranges: number
  /** Of these, those that the peer denied to have, or had removed, though somebody said that they exist. */
  denied: number
  /** Ranges that a peer announced and neither brought nor denied, or brought in vain: they are asked for later. */
  deferred: number
  /** Passes that ended, and the peer left alone for a while, because it broke the rules of the protocol. */
  refused: number
  /** Passes that ended so because it did not answer in time. */
  timeouts: number
}

/** What peers got wrong on the protocol of direct messages, by what their bytes alone show. */
export interface DirectCounters {
  refused: {
    /** Questions that could not be read: too long, or of no form. */
    frames: number
    /** Questions that brought a batch or a receipt which is wrong. */
    contents: number
    /** Answers that could not be read, or are to another question. */
    answers: number
  }
  /** Questions of this node that were not answered in time. */
  timeouts: number
}

/** Receipts that settle nothing. */
export interface ReceiptCounters {
  /** Wrong: of another network, with a certificate that does not show whose they are, or a bad signature. */
  refused: number
  /** Signed by a node key after another had superseded it. */
  superseded: number
}

/** What a node counted since it started. */
export interface NodeCounters {
  /** Batches and messages of this node that are on disk. */
  published: { batches: number; messages: number }
  /** Batches and messages of others that are on disk, by the way that they came. */
  received: {
    batches: number
    messages: number
    gossip: number
    sync: number
    /** Left here by the sender's node. */
    direct: number
    /** Of these, the batches that waited on disk for what was before them. */
    held: number
  }
  /** Log sync, as the one that asks. */
  sync: SyncCounters
  verifications: number
  /** Batches to this node's inbox that did not open. */
  unreadable: number
  dropped: Record<DropReason, number>
  /** Own batches that were not handed to a congested peer; log sync brings them. */
  congested: number
  /** Certificates that others told of. */
  certificates: CertificateCounters
  receipts: ReceiptCounters
  /** Direct messages, as the one that answers and the one that asks. */
  direct: DirectCounters
  /** What was written to peers, by protocol. */
  sent: SentCounters
  /** What was read from peers, by protocol. */
  read: ReadCounters
}

export function createCounters(): NodeCounters {
  return {
    published: { batches: 0, messages: 0 },
    received: { batches: 0, messages: 0, gossip: 0, sync: 0, direct: 0, held: 0 },
    sync: { heads: 0, ranges: 0, denied: 0, deferred: 0, refused: 0, timeouts: 0 },
    verifications: 0,
    unreadable: 0,
    congested: 0,
    receipts: { refused: 0, superseded: 0 },
    direct: { refused: { frames: 0, contents: 0, answers: 0 }, timeouts: 0 },
    certificates: { verified: 0, learned: 0, rejected: 0, ignored: 0 },
    sent: {},
    read: {},
    dropped: {
      malformed: 0,
      signature: 0,
      'wrong-network': 0,
      'wrong-topic': 0,
      'not-asked': 0,
      duplicate: 0,
      'not-a-member': 0,
      'too-old': 0,
      'from-the-future': 0,
      expired: 0,
      'peer-rate': 0,
      'sender-rate': 0,
      'sender-runs': 0,
      'sender-channels': 0,
      overload: 0,
      'disk-reserve': 0,
      gap: 0,
      conflict: 0,
      frozen: 0,
      pruned: 0,
      store: 0,
    },
  }
}
