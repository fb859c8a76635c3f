import type { PastelId } from '@pastel-mesh/identity'

/** How a call is made. */
export interface CallOptions {
  /** Gives up; the promise is rejected with the signal's reason. The core may do what was asked all the same. */
  readonly signal?: AbortSignal
}

/** What `masternode message list` holds of one message. */
export interface PasteldMessage {
  /** The core's id of it, hex: the key under which it was processed. */
  readonly id: string
  /** Outpoints of the masternodes, `txid-n`. */
  readonly from: string
  readonly to: string
  /** In s since 1970, by the sender's core. */
  readonly timestamp: number
  /** The text as it was sent; an envelope or anything else. */
  readonly text: string
}

/** What `masternode status` says of the core that is asked. */
export interface MasternodeStatus {
  /** `txid-n` */
  readonly outpoint: string
  /** `ip:port` */
  readonly service: string
  readonly payee: string
  readonly status: string
  readonly extAddress: string
  readonly extP2P: string
  /** The PastelID, if the masternode is registered. */
  readonly extKey: string
  readonly alias?: string
}

/** One masternode of `masternodelist extra`. */
export interface MasternodeExtra {
  readonly extAddress: string
  readonly extP2P: string
  readonly extKey: string
  readonly extCfg: string
  readonly eligibleForMining: boolean
}

/** One masternode of `masternode top`; texts as the core gives them. */
export interface TopMasternode extends MasternodeExtra {
  readonly rank: number
  readonly ipPort: string
  readonly protocol: number
  readonly outpoint: string
  readonly payee: string
  readonly lastSeen: number
  readonly activeSeconds: number
}

/** What `getinfo` says. */
export interface CoreInfo {
  readonly version: number
  readonly protocolVersion: number
  readonly blocks: number
  readonly connections: number
  readonly chain: string
  /** What the core warns of; empty: nothing. */
  readonly errors: string
}

/**
 * The Pastel core's JSON-RPC, typed. Calls wait for a place (30 at a time unless it was made otherwise) and have a time
 * limit. A call that certainly was not carried out (no connection, warming up, work queue full, being stopped) is made
 * again until its time is over; one that is only asked for is made again also when the connection broke. A message is
 * never sent a second time when nobody can say what became of the first.
 *
 * Every method throws `PasteldError`, whose `code` is one of ERR_PASTELD_UNREACHABLE, ERR_PASTELD_AUTH,
 * ERR_PASTELD_WARMING_UP, ERR_PASTELD_TIMEOUT, ERR_PASTELD_BUSY (work queue), ERR_PASTELD_ANSWER (what came is no answer),
 * ERR_PASTELD_RPC (the core's own error: `rpcCode`, `rpcMessage`), ERR_PASTELD_UNCERTAIN (of a message: it may have been
 * sent).
 */
export interface PasteldClient {
  /** Where the core is asked, such as `http://127.0.0.1:9932`; no password in it. */
  readonly url: string
  /** Any call. Nothing is known of it, so it is made again only where it certainly was not carried out. */
  call(method: string, params: readonly unknown[], options?: CallOptions): Promise<unknown>
  /** @param publicKey the receiving masternode's, hex */
  sendMessage(publicKey: string, text: string, options?: CallOptions): Promise<void>
  /** Cumulative; entries that are none are left out. */
  listMessages(options?: CallOptions): Promise<PasteldMessage[]>
  masternodeStatus(options?: CallOptions): Promise<MasternodeStatus>
  /** By outpoint: `masternodelist full`, each as the line that the core gives. */
  listFull(options?: CallOptions): Promise<ReadonlyMap<string, string>>
  listRanks(options?: CallOptions): Promise<ReadonlyMap<string, number>>
  /** By outpoint: public keys, hex. */
  listPublicKeys(options?: CallOptions): Promise<ReadonlyMap<string, string>>
  listExtra(options?: CallOptions): Promise<ReadonlyMap<string, MasternodeExtra>>
  /** @param height of the block; the newest unless given */
  top(height?: number, options?: CallOptions): Promise<TopMasternode[]>
  /** @returns the Ed448 signature, 114 bytes */
  sign(text: string, pastelId: PastelId, passphrase: string, options?: CallOptions): Promise<Uint8Array>
  verify(text: string, signature: Uint8Array, pastelId: PastelId, options?: CallOptions): Promise<boolean>
  /** PastelIDs whose keys the core has. */
  pastelIds(options?: CallOptions): Promise<PastelId[]>
  blockCount(options?: CallOptions): Promise<number>
  info(options?: CallOptions): Promise<CoreInfo>
  /** Ends what is under way. */
  close(): Promise<void>
}
