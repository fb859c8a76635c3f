/** Chains that a core can be on. */
export type EmulatedChain = 'mainnet' | 'testnet' | 'devnet' | 'regtest'

/** How long a call takes: always as long, or anything between two bounds. */
export type Latency = number | { readonly minMs: number; readonly maxMs: number }

/** What the masternode network knows of a supernode; all of it can be changed while the emulator runs. */
export interface MasternodeFields {
  /** @default 'ENABLED' */
  readonly status: string
  /** @default 170009 */
  readonly protocolVersion: number
  /** `ip:port` of the core; invented, unless it is given. */
  readonly ipPort: string
  /** `ip:port`; invented, unless it is given. */
  readonly extAddress: string
  /** `ip:port`; invented, unless it is given. */
  readonly extP2P: string
  /** @default the PastelID whose key the core has */
  readonly extKey: string
  /** @default '' */
  readonly extCfg: string
  /** @default true */
  readonly eligibleForMining: boolean
  /** False: it is in no list, and unknown to the others. @default true */
  readonly isListed: boolean
  /** False: its core was not started as a masternode. @default true */
  readonly isMasternode: boolean
  /** False: its core does not have the whole masternode list yet. @default true */
  readonly isSynced: boolean
  /** What `getinfo` warns of. @default '' */
  readonly warning: string
}

export interface EmulatedSupernodeOptions {
  /** `cookie`: no password is in its pastel.conf; each start writes a new one to `.cookie`. @default 'password' */
  readonly auth?: 'password' | 'cookie'
  readonly fields?: Partial<MasternodeFields>
}

export interface PasteldEmulatorOptions {
  /** Supernodes with a core of their own. */
  readonly supernodes: number | readonly EmulatedSupernodeOptions[]
  /** Further ones that stand in the lists and have no core here: what is sent to them is lost. @default 0 */
  readonly listedOnly?: number
  /**
   * Where configurations, keys and messages are kept. What is there already goes on: ports, keys, passwords, messages.
   * @default a temporary folder, which `stop()` removes
   */
  readonly folder?: string
  /** Determines keys, outpoints and how long each call takes. @default 1 */
  readonly seed?: number
  /** @default 'testnet' */
  readonly chain?: EmulatedChain
  /** @default from 10 to 400 ms, which real cores were seen to take */
  readonly latency?: Latency
  /** Of single calls, such as `{ 'pastelid sign': 25 }`. */
  readonly latencyOf?: Readonly<Record<string, Latency>>
  /** How long each core answers with -28 after a start. @default 0 */
  readonly warmUpMs?: number
  /** Calls that a core works on at a time. @default 4 */
  readonly rpcThreads?: number
  /** Calls that wait for one of the threads; more are refused. @default 512 */
  readonly workQueueDepth?: number
  /** A connection on which nothing moves for so long is closed, unless a call of it is worked on. @default 30000 */
  readonly serverTimeoutMs?: number
}

/** What goes wrong with answers of one method. */
export interface AnswerFault {
  /** Such as `masternode message send`. */
  readonly method: string
  /**
   * - `reset`: the connection breaks, nothing was done
   * - `lost`: it was done, then the connection breaks
   * - `cut-off`: it was done; half of the answer comes, then the connection breaks
   * - `silent`: it was done; no answer comes, the connection stays
   * - `not-json`: it was done; the answer is a page of HTML
   */
  readonly how:
    | 'reset'
    | 'lost'
    | 'cut-off'
    | 'silent'
    | 'not-json'
    | { readonly code: number; readonly message: string }
  /** Calls that it happens to. @default 1 */
  readonly times?: number
}

/** An entry of `masternode message list` that nobody sent through an emulated core. */
export type EntryFault =
  /** Any text, as if another masternode had sent it: a fee (`5000`, `0 5000`), half an envelope. */
  | {
      readonly message: {
        readonly from: string
        readonly text: string
        readonly to?: string
        readonly timestamp?: number
      }
    }
  /** Anything at all. */
  | { readonly entry: unknown }

/** How often a call was made, and how often it ended in an error. Parameters are kept nowhere. */
export type CallCounts = Readonly<Record<string, { readonly calls: number; readonly failed: number }>>

/** What a supernode is, for those who configure something with it. */
export interface SupernodeDescription {
  /** `supernode-1` and so on */
  readonly name: string
  readonly url: string
  /** Its pastel.conf. */
  readonly confPath: string
  /** Where pastel.conf is, and under it the keys: what a core calls its data directory. */
  readonly dataFolder: string
  /** Undefined: it is in the `.cookie` file. */
  readonly rpcUser?: string
  readonly rpcPassword?: string
  readonly outpoint: string
  /** Masternode public key, hex. */
  readonly publicKey: string
  /** What `masternode list-conf` shows, and nobody may repeat. */
  readonly masternodePrivateKey: string
  readonly pastelId: string
  /** Begins with PASSPHRASE_PREFIX. */
  readonly passphrase: string
  /** Of the PastelID, hex. */
  readonly pastelIdSeed: string
  /** Where `writeKeyFile` writes it. */
  readonly keyFilePath: string
}
