import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface ReconnectorComponents {
  /** An address cannot be reached: told at the first failure, not at those that follow. */
  readonly onUnreachable?: (address: string, error: Error) => void
  readonly dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** A connection to a peer, however it came to be. @default there is none */
  readonly connectionTo?: (peer: PeerId) => Connection | undefined
  /** Resolves when both ends accepted each other; rejects with why they did not. @default they do */
  readonly whenCertified?: (connection: Connection) => Promise<void>
}

/** How it stands with an address. */
export interface KeptStatus {
  readonly address: string
  readonly isResting: boolean
  readonly isConnected: boolean
  /** Of the last attempt, if it failed. */
  readonly failure?: Failure
}

interface Failure {
  readonly error: Error
  /** In ms since 1970. */
  readonly atMs: number
}

/** Pause after the first failure; doubled with each, with jitter, so that a mesh does not dial in step. */
const MIN_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** A dial that takes longer has failed. */
const DIAL_TIMEOUT_MS = 10_000
/** A connection that held that long was good: the next failure begins at the shortest pause again. */
const GOOD_AFTER_MS = 30_000

interface Target {
  /** The last dial failed. */
  isUnreachable: boolean
  /** What the last attempt failed with: the dial, or what came of the connection. */
  failure?: Failure | undefined
  readonly address: Multiaddr
  pauseMs: number
  timer?: NodeJS.Timeout
  /** Who was there last. */
  peer?: PeerId
  /** Ends the attempt that is under way, or the watch over its connection. */
  attempt: AbortController
  isResting: boolean
}

/** What a target is chosen by. */
export interface KeptAddress {
  readonly address: Multiaddr
  /** Who was there last. */
  readonly peer?: PeerId
}

/**
 * Keeps connections to some addresses: dials, and after a loss dials again with growing pauses.
 *
 * ```
 *   dialling ── connected ──▶ watching ── lost ──▶ pausing ──▶ dialling
 *       └────── failed ─────────────────────▲
 *   any of them ── rest ──▶ resting ── wake ──▶ dialling
 * ```
 */
export class Reconnector {
  readonly #components: ReconnectorComponents
  readonly #targets = new Map<string, Target>()
  readonly #stopped = new AbortController()

  constructor(components: ReconnectorComponents) {
    this.#components = components
  }

  /** Begins to keep a connection to an address. */
  keep(address: Multiaddr): void {
    const key = address.toString()
    if (this.#stopped.signal.aborted || this.#targets.has(key)) return
    const target: Target = {
      address,
      pauseMs: MIN_PAUSE_MS,
      isUnreachable: false,
      isResting: false,
      attempt: new AbortController(),
    }
    this.#targets.set(key, target)
    void this.#dial(target)
  }

  /** Addresses to which connections are kept. */
  get kept(): string[] {
    return [...this.#targets.keys()]
  }

  status(): KeptStatus[] {
    return [...this.#targets].map(([address, target]) => ({
      address,
      isResting: target.isResting,
      isConnected: this.#other(target) !== undefined,
      ...(target.failure === undefined ? {} : { failure: target.failure }),
    }))
  }

  /** Leaves addresses alone until they are woken. @returns whether there was one that had not been left alone */
  rest(chosen: (kept: KeptAddress) => boolean): boolean {
    const targets = [...this.#targets.values()].filter((target) => !target.isResting && chosen(target))
    for (const target of targets) {
      target.isResting = true
      target.attempt.abort()
      clearTimeout(target.timer)
    }
    return targets.length > 0
  }

  /** Dials addresses again that were left alone. */
  wake(chosen: (kept: KeptAddress) => boolean): void {
    for (const target of this.#targets.values()) {
      if (!target.isResting || !chosen(target)) continue
      target.isResting = false
      target.pauseMs = MIN_PAUSE_MS
      void this.#dial(target)
    }
  }

  stop(): void {
    this.#stopped.abort()
    for (const { timer } of this.#targets.values()) clearTimeout(timer)
    this.#targets.clear()
  }

  async #dial(target: Target): Promise<void> {
    target.attempt = new AbortController()
    const attempt = target.attempt.signal
    const signal = AbortSignal.any([this.#stopped.signal, attempt, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      // Of two connections one was closed: the address is not dialled as long as the other is there.
      const connection = this.#other(target) ?? (await this.#components.dial(target.address, signal))
      if (attempt.aborted) return
      target.isUnreachable = false
      target.peer = connection.remotePeer
      void this.#judge(target, connection, attempt)
      this.#watch(target, connection, attempt)
    } catch (error) {
      if (attempt.aborted) return
      if (isThisNode(error)) return this.#giveUp(target)
      if (!target.isUnreachable && !this.#stopped.signal.aborted) {
        this.#components.onUnreachable?.(target.address.toString(), error as Error)
      }
      target.isUnreachable = true
      target.failure = { error: error as Error, atMs: Date.now() }
      this.#again(target)
    }
  }

  /** Whether a connection is good for anything shows when both ends have seen each other's certificates. */
  async #judge(target: Target, connection: Connection, attempt: AbortSignal): Promise<void> {
    try {
      await this.#components.whenCertified?.(connection)
      target.failure = undefined
    } catch (error) {
      if (!attempt.aborted) target.failure = { error: error as Error, atMs: Date.now() }
    }
  }

  #watch(target: Target, connection: Connection, attempt: AbortSignal): void {
    const since = performance.now()
    const lost = () => {
      if (attempt.aborted) return
      if (performance.now() - since > GOOD_AFTER_MS) target.pauseMs = MIN_PAUSE_MS
      this.#again(target)
    }
    if (connection.status === 'open')
      connection.addEventListener('close', lost, { once: true, signal: attempt })
    else lost()
  }

  #other({ peer }: Target): Connection | undefined {
    const other = peer === undefined ? undefined : this.#components.connectionTo?.(peer)
    return other?.status === 'open' ? other : undefined
  }

  /** One list of addresses serves all nodes of a network, and this one is in it. A name may mean another later. */
  #giveUp(target: Target): void {
    const key = target.address.toString()
    target.pauseMs = MAX_PAUSE_MS
    if (key.startsWith('/dns')) this.#again(target)
    else this.#targets.delete(key)
  }

  #again(target: Target): void {
    if (this.#stopped.signal.aborted) return
    const pauseMs = target.pauseMs * (0.5 + Math.random())
    target.pauseMs = Math.min(MAX_PAUSE_MS, target.pauseMs * 2)
    target.timer = setTimeout(() => void this.#dial(target), pauseMs)
  }
}

/** libp2p found its own key at the other end. */
function isThisNode(error: unknown): boolean {
  const { name, message } = error as Error
  return name === 'InvalidPeerIdError' && message === 'Can not dial self'
}
