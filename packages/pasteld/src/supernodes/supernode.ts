import type { PastelId } from '@pastel-mesh/identity'

/** States of a masternode, as the core names them. */
export const SUPERNODE_STATUSES = [
  'PRE_ENABLED',
  'ENABLED',
  'EXPIRED',
  'OUTPOINT_SPENT',
  'UPDATE_REQUIRED',
  'WATCHDOG_EXPIRED',
  'NEW_START_REQUIRED',
  'POSE_BAN',
] as const

export type SupernodeStatus = (typeof SUPERNODE_STATUSES)[number]

/** A supernode as the core's lists (`full`, `rank`, `pubkey`, `extra`) have it together. */
export interface Supernode {
  /** `txid-n`, by which the lists are joined. */
  readonly outpoint: string
  /** One of {@link SUPERNODE_STATUSES}, or one that a later core has. */
  readonly status: string
  readonly protocolVersion: number
  /** Of the wallet that is paid, such as `Pt…`. */
  readonly payee: string
  /** In s since 1970. */
  readonly lastSeen: number
  readonly activeSeconds: number
  /** In s since 1970; 0: never. */
  readonly lastPaidTime: number
  readonly lastPaidBlock: number
  readonly ipPort: string
  /** Undefined: the core gave none. */
  readonly rank: number | undefined
  /** Masternode public key, hex; empty: the core gave none. */
  readonly publicKey: string
  /** Hints of addresses, `ip:port`, as their operator wrote them. */
  readonly extAddress: string
  readonly extP2P: string
  /** As the operator wrote it; see `pastelId`. */
  readonly extKey: string
  /** `extKey`, if it is a PastelID with a right checksum. */
  readonly pastelId?: PastelId
}

/** What is wrong with following the core's lists. */
export interface DirectoryProblem {
  readonly message: string
  /** Since when, in ms since 1970. */
  readonly sinceMs: number
}

/**
 * The supernodes that the core knows, read again and again, and kept on disk: one that is down, or not started yet, leaves
 * the last known list, with its age.
 */
export interface SupernodeDirectory {
  start(): Promise<void>
  stop(): Promise<void>
  /** All of the last list, of whatever status; in the order of their outpoints. */
  supernodes(): readonly Supernode[]
  /** When the last list was read, in ms since 1970; undefined: there is none. */
  readonly readAtMs: number | undefined
  /** Why the list is not renewed; undefined: it is. */
  readonly problem: DirectoryProblem | undefined
  /** The supernode that the core itself is; undefined: it is none, or has not been reached yet. */
  local(): Supernode | undefined
  byOutpoint(outpoint: string): Supernode | undefined
  /** Of several with the same PastelID the one that is enabled, and of those the one of the better rank. */
  byPastelId(pastelId: PastelId): Supernode | undefined
  byPublicKey(publicKey: string): Supernode | undefined
  /** Reads the lists now. @throws PasteldError */
  refresh(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Calls back when a list was read that differs. @returns removes the listener */
  onChange(listener: () => void): () => void
}
