import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId, Signer } from '@pastel-mesh/identity'
import type { CarriedMessage, Carrier, HandOutcome, MeshNode, Rate } from '@pastel-mesh/sdk-node'
import type { Values } from '@pastel-mesh/storage'
import type { PasteldClient } from '../rpc/pasteld-client.ts'
import type { SupernodeDirectory } from '../supernodes/supernode.ts'
import type { BridgeStatus, EntryRefusal } from './bridge-status.ts'
import { DirectionProblem } from './direction-problem.ts'
import { Incoming, VIA } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { TakenIds } from './taken-ids.ts'

export interface PasteldBridgeOptions {
  /** How often the core is asked for messages, in ms; as the Python layer, not more often than it can answer. @default 10000 */
  readonly pollMs?: number
  /** How long a message waits for its recipient's certificate before it goes through the core, in ms. @default 60000 */
  readonly afterMs?: number
  /** Messages in the core's list that are older are not taken in, in ms: it shows everything for ever. @default 3 days */
  readonly obsoleteMs?: number
  /**
   * Messages of one supernode that are taken in; what is more waits in the core's list.
   * @default 2,000, and 20 a second: what gathered while the node was away comes at once, and nobody fills its disk quickly
   */
  readonly senderRate?: Rate
}

export interface PasteldBridgeComponents {
  readonly client: Pick<PasteldClient, 'listMessages' | 'sendMessage'>
  readonly directory: SupernodeDirectory
  /** Of the node's PastelID. */
  readonly signer: Signer
  /** Where it is remembered what was taken in: the values of the node's store. */
  readonly values: Values
  /** The node, which is made with the bridge as its carrier. */
  readonly node: () => Pick<MeshNode, 'bringIn' | 'registry'>
  /** Hears of what failed, each thing once until it has changed. @default ignored */
  readonly onError?: (error: Error) => void
}

/** A bridge to supernodes that speak only through their cores; started after the node, stopped before it. */
export interface PasteldBridge extends Carrier {
  start(): Promise<void>
  stop(): Promise<void>
  status(): BridgeStatus
}

const POLL_MS = 10_000
const AFTER_MS = 60_000
const SENDER_RATE: Rate = { burst: 2_000, perSecond: 20 }
const OBSOLETE_MS = 3 * 24 * 60 * 60_000
/** What is older than obsolete by so much is forgotten: clocks differ. */
const FORGET_MS = 24 * 60 * 60_000

/**
 * A bridge between the mesh and the messages of Pastel cores.
 *
 * In: the core's list is read again and again; what is new in it, is to this supernode, and is signed by the PastelID of
 * the supernode that it says it is from, is brought in, once. Out: it is the node's carrier.
 * @example
 * const bridge = createPasteldBridge({}, { client, directory, signer, values: store.values, node: () => node })
 * const node = await createNode(options, { signer, nodeKey, store, registry, carrier: bridge })
 * await node.start()
 * await bridge.start()
 */
export function createPasteldBridge(
  options: PasteldBridgeOptions,
  components: PasteldBridgeComponents,
): PasteldBridge {
  return new Bridge(options, components)
}

/**
 * ```
 *   new ── start() ──▶ polling ── a list, or a failure ──▶ waiting ── pollMs ──▶ polling
 *                         └────────────── stop() ──────────────┴──▶ stopped
 * ```
 */
class Bridge implements PasteldBridge {
  readonly name = VIA
  readonly afterMs: number
  readonly #pollMs: number
  readonly #obsoleteMs: number
  readonly #components: PasteldBridgeComponents
  readonly #taken: TakenIds
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  readonly #refused: Record<EntryRefusal, number> = {
    fee: 0,
    envelope: 0,
    forged: 0,
    'unknown-sender': 0,
    'ambiguous-sender': 0,
    'not-a-member': 0,
    message: 0,
    malformed: 0,
    ahead: 0,
    obsolete: 0,
  }
  #counts = { takenIn: 0, handedOver: 0, uncertain: 0, failed: 0 }
  #polledAtMs: number | undefined
  /** What comes in may be well while what goes out is not, and the other way round. */
  readonly #problemIn: DirectionProblem
  readonly #problemOut: DirectionProblem
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(
    {
      pollMs = POLL_MS,
      afterMs = AFTER_MS,
      obsoleteMs = OBSOLETE_MS,
      senderRate = SENDER_RATE,
    }: PasteldBridgeOptions,
    components: PasteldBridgeComponents,
  ) {
    this.afterMs = afterMs
    this.#pollMs = pollMs
    this.#obsoleteMs = obsoleteMs
    this.#components = components
    const { onError = () => {} } = components
    this.#problemIn = new DirectionProblem(onError)
    this.#problemOut = new DirectionProblem(onError)
    this.#taken = new TakenIds(components.values)
    this.#incoming = new Incoming({
      ...components,
      taken: this.#taken,
      senderRate,
      onRefused: (reason) => {
        this.#refused[reason] += 1
      },
      onTaken: () => {
        this.#counts.takenIn += 1
      },
    })
    this.#outgoing = new Outgoing({
      ...components,
      onHanded: (outcome) => {
        this.#counts[outcome === 'handed' ? 'handedOver' : 'uncertain'] += 1
        if (outcome === 'handed') this.#problemOut.clear()
      },
      onFailed: (error) => {
        this.#counts.failed += 1
        this.#problemOut.set(error as Error)
      },
    })
  }

  reaches(recipient: PastelId): boolean {
    return this.#outgoing.reaches(recipient)
  }

  carries(message: CarriedMessage): boolean {
    return this.#outgoing.carries(message)
  }

  hand(message: CarriedMessage, options: Parameters<Carrier['hand']>[1]): Promise<HandOutcome> {
    return this.#outgoing.hand(message, options)
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return
    this.#stopping = new AbortController()
    this.#running = this.#run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#running = undefined
  }

  status(): BridgeStatus {
    const problem = this.#problemIn.current ?? this.#problemOut.current
    return {
      ...this.#counts,
      deferred: this.#incoming.deferred,
      refused: { ...this.#refused },
      remembered: this.#taken.size,
      ...(this.#polledAtMs === undefined ? {} : { polledAtMs: this.#polledAtMs }),
      ...(problem === undefined ? {} : { problem }),
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#poll(signal)
        this.#problemIn.clear()
      } catch (error) {
        if (!signal.aborted) this.#problemIn.set(error as Error)
      }
      await delay(this.#pollMs, undefined, { signal }).catch(() => {})
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    await this.#taken.load()
    // Before anything is taken in: it makes room, also after a look that failed.
    await this.#taken.tidy(this.#forgetMs())
    const entries = await this.#components.client.listMessages({ signal })
    this.#polledAtMs = Date.now()
    const times = { sinceMs: Date.now() - this.#obsoleteMs, forgetMs: this.#forgetMs() }
    await this.#incoming.take(entries, times, signal)
  }

  #forgetMs(): number {
    return Date.now() - this.#obsoleteMs - FORGET_MS
  }
}
