import type { PastelId } from '@pastel-mesh/identity'

/** How a call is made. */
export interface CallOptions {
  /** Gives up; the promise is rejected with the signal's reason. The core may do what was asked all the same. */
  readonly signal?: AbortSignal
  /** How long it may take, with waiting and other tries, in ms. @default that of the client */
  readonly timeoutMs?: number
  /**
   * Whether a core that is not there yet, is starting, or has too much to do is asked again until the time is over.
   * Without it the first answer counts. @default true
   */
  readonly waitForCore?: boolean
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
 * Every method throws {@link PasteldError}, whose `code` is one of
 * - ERR_PASTELD_UNREACHABLE: no connection, or it broke; the core is being stopped, or has written no cookie yet
 * - ERR_PASTELD_AUTH: the core lets nobody in by these credentials, or not from here
 * - ERR_PASTELD_WARMING_UP: it was still starting when the time was over
 * - ERR_PASTELD_TIMEOUT: no answer, or no place, within the time
 * - ERR_PASTELD_BUSY: the work queue of the core is full, or too many calls of this client wait
 * - ERR_PASTELD_REQUEST: longer than the core takes; nothing was sent
 * - ERR_PASTELD_ANSWER: what came is no answer
 * - ERR_PASTELD_RPC: the core's own error: `rpcCode`, `rpcMessage`
 * - ERR_PASTELD_UNCERTAIN: of a message, and of `call`: it may have been done; with any other code it was not
 * - ERR_PASTELD_CLOSED: the client was closed
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
  /** Ends what is under way, with ERR_PASTELD_CLOSED. */
  close(): Promise<void>
}
