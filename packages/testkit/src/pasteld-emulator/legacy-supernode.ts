import { setTimeout as delay } from 'node:timers/promises'
import { CoreRpc, CoreRpcError } from './core-rpc.ts'
import type { SupernodeDescription } from './options.ts'
import { decodePlainEnvelope, encodePlainEnvelope } from './plain-envelope.ts'

/** As the Python layer's monitor. */
const DEFAULT_POLL_MS = 10_000
/** Calls that the Python layer makes at a time. */
const MAX_CALLS = 30
/** How long it goes by the lists that it read. */
const LISTS_MS = 10_000
/** Pause before a message that certainly was not carried is sent again. */
const RETRY_MS = 50

export interface LegacySupernodeOptions {
  /** Pause between two looks at the message list. @default 10000 */
  readonly pollMs?: number
}

/** A message that came, and was signed by whom the core says that it came from. */
export interface LegacyMessage {
  /** The core's id. */
  readonly id: string
  /** PastelID */
  readonly from: string
  readonly type: string
  readonly message: string
  /** In s since 1970. */
  readonly timestamp: number
}

type Supernode = Pick<SupernodeDescription, 'confPath' | 'pastelId' | 'passphrase' | 'publicKey'>

interface Peer {
  readonly outpoint: string
  readonly pastelId: string
  readonly publicKey: string
}

/**
 * A supernode that is not on the mesh: it sends and receives through its emulated core only, as the Python layer does
 * where that works, and with none of the project's own code for it.
 *
 * @example
 * import { LegacySupernode, startPasteldEmulator } from '@pastel-mesh/testkit'
 *
 * const emulator = await startPasteldEmulator({ supernodes: 2, latency: 0 })
 * const [alice, bob] = emulator.supernodes.map((core) => new LegacySupernode(core, { pollMs: 50 }))
 * bob?.start()
 * await alice?.send(emulator.supernodes[1]?.pastelId ?? '', 'hello')
 */
export class LegacySupernode {
  readonly #supernode: Supernode
  readonly #pollMs: number
  readonly #rpc: CoreRpc
  /** Ids that were looked at: the list only grows. */
  readonly #seen = new Set<string>()
  readonly #received: LegacyMessage[] = []
  readonly #refused: { readonly id: string; readonly why: string }[] = []
  #stopping = new AbortController()
  #polling: Promise<void> | undefined
  /** The last lists, or those that are being read. */
  #peers: Promise<Peer[]> | undefined
  #readAtMs = 0

  constructor(supernode: Supernode, { pollMs = DEFAULT_POLL_MS }: LegacySupernodeOptions = {}) {
    this.#supernode = supernode
    this.#pollMs = pollMs
    this.#rpc = new CoreRpc(supernode.confPath)
  }

  get pastelId(): string {
    return this.#supernode.pastelId
  }

  /** In the order in which they were found. */
  get received(): readonly LegacyMessage[] {
    return this.#received
  }

  /** Entries that are no message of a supernode: fees, damaged ones, wrong signatures. */
  get refused(): readonly { readonly id: string; readonly why: string }[] {
    return this.#refused
  }

  start(): void {
    if (this.#polling !== undefined) return
    this.#stopping = new AbortController()
    this.#polling = this.#pollUntil(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#polling
    this.#polling = undefined
  }

  /**
   * Sends one message; again only while the core certainly did not take it.
   * @returns `uncertain`: nobody can say whether it was carried
   * @throws Error there is no such supernode, or the core refuses to sign
   */
  async send(
    recipient: string,
    message: string,
    { type = 'text', signal }: { readonly type?: string; readonly signal?: AbortSignal } = {},
  ): Promise<'sent' | 'uncertain'> {
    const isRecipient = ({ pastelId }: Peer) => pastelId === recipient
    const to = await this.#whileAway(() => this.#peer(isRecipient), { isRead: true, signal })
    if (to === undefined) throw new Error(`there is no supernode ${recipient}`)
    const signature = await this.#whileAway(() => this.#sign(message), { isRead: true, signal })
    const { publicKey } = this.#supernode
    const envelope = { message, message_type: type, signature, sending_sn_pubkey: publicKey }
    const params = ['message', 'send', to.publicKey, encodePlainEnvelope(envelope)]
    try {
      await this.#whileAway(() => this.#rpc.call('masternode', params), { isRead: false, signal })
      return 'sent'
    } catch (error) {
      if (error instanceof CoreRpcError && error.kind === 'unknown') return 'uncertain'
      throw error
    }
  }

  /** Looks at the list once. */
  async poll(): Promise<void> {
    const list = await this.#rpc.call('masternode', ['message', 'list'])
    const fresh = (Array.isArray(list) ? list : [])
      .flatMap((entry: unknown) => (typeof entry === 'object' && entry !== null ? Object.entries(entry) : []))
      .filter(([id]) => !this.#seen.has(id))
    if (fresh.length === 0) return
    for (let first = 0; first < fresh.length; first += MAX_CALLS) {
      await Promise.all(fresh.slice(first, first + MAX_CALLS).map(([id, entry]) => this.#take(id, entry)))
    }
  }

  async #pollUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.poll()
      } catch (error) {
        // A core that is away or warming up: what is in its list is there at the next look.
        if (!(error instanceof CoreRpcError)) throw error
      }
      await delay(this.#pollMs, undefined, { signal }).catch(() => {})
    }
  }

  async #take(id: string, entry: unknown): Promise<void> {
    let message: LegacyMessage
    try {
      message = await this.#read(id, entry as Record<string, unknown>)
    } catch (error) {
      // The core went away meanwhile: the next look finds it again.
      if (error instanceof CoreRpcError) return
      this.#seen.add(id)
      this.#refused.push({ id, why: (error as Error).message })
      return
    }
    this.#seen.add(id)
    this.#received.push(message)
  }

  async #read(id: string, entry: Record<string, unknown>): Promise<LegacyMessage> {
    const { From, Timestamp, Message } = entry
    const from = await this.#peer(({ outpoint }) => outpoint === From)
    if (from === undefined) throw new Error('it comes from no supernode that the core knows')
    const { message, message_type, signature, sending_sn_pubkey } = decodePlainEnvelope(String(Message))
    if (sending_sn_pubkey !== from.publicKey) throw new Error('its public key is not its sender’s')
    const verified = await this.#rpc.call('pastelid', ['verify', message, signature, from.pastelId, 'ed448'])
    if ((verified as { verification: unknown }).verification !== 'OK')
      throw new Error('its signature is wrong')
    return { id, from: from.pastelId, type: message_type, message, timestamp: Number(Timestamp) }
  }

  /** From the lists as they were a moment ago; from new ones, if it was not there. */
  async #peer(isWanted: (peer: Peer) => boolean): Promise<Peer | undefined> {
    const isOld = this.#peers === undefined || performance.now() - this.#readAtMs > LISTS_MS
    const known = isOld ? undefined : (await this.#peers)?.find(isWanted)
    if (known !== undefined) return known
    const reading = this.#readPeers()
    this.#peers = reading
    this.#readAtMs = performance.now()
    reading.catch(() => {
      if (this.#peers === reading) this.#peers = undefined
    })
    return (await reading).find(isWanted)
  }

  async #readPeers(): Promise<Peer[]> {
    const [keys, extra] = (await Promise.all(
      ['pubkey', 'extra'].map((mode) => this.#rpc.call('masternodelist', [mode])),
    )) as [Record<string, string>, Record<string, { extKey: string }>]
    return Object.entries(extra).map(([outpoint, { extKey }]) => ({
      outpoint,
      pastelId: extKey,
      publicKey: keys[outpoint] ?? '',
    }))
  }

  async #sign(message: string): Promise<string> {
    const { pastelId, passphrase } = this.#supernode
    const signed = await this.#rpc.call('pastelid', ['sign', message, pastelId, passphrase, 'ed448'])
    return (signed as { signature: string }).signature
  }

  /** @param options.isRead to do it twice does no harm */
  async #whileAway<T>(
    act: () => Promise<T>,
    { isRead, signal }: { readonly isRead: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<T> {
    for (;;) {
      signal?.throwIfAborted()
      try {
        return await act()
      } catch (error) {
        const isToRepeat =
          error instanceof CoreRpcError && (error.kind === 'again' || (isRead && error.kind === 'unknown'))
        if (!isToRepeat) throw error
      }
      await delay(RETRY_MS, undefined, signal === undefined ? {} : { signal })
    }
  }
}
