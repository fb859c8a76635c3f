/** Where the core is, and how it is asked. `findPasteldConfig` gives the first four. */
export interface PasteldClientOptions {
  /** `http://HOST:PORT`, without user and password. */
  readonly url: string
  /** `rpcuser` of the core. */
  readonly user?: string
  /** `rpcpassword` of the core; without it the cookie file is read. */
  readonly password?: string
  /** The file `.cookie` in the data folder of the core's network, which the core writes whenever it starts. */
  readonly cookieFile?: string
  /** Calls that are made at a time. @default 30 */
  readonly concurrency?: number
  /** Calls that may wait for that, or for their next try; who comes then is refused. @default 1000 */
  readonly maxWaiting?: number
  /** How long a call may take, with waiting and other tries, in ms. @default 30000 */
  readonly timeoutMs?: number
  /**
   * How long the answer to `listMessages` may be, in bytes: the core never forgets a message while it runs. It is held
   * in memory three times for a moment. @default 134217728 (128 MiB)
   */
  readonly maxMessageListBytes?: number
}
