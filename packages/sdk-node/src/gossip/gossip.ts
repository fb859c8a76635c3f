import { type GossipSub, type GossipsubMessage, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PastelId } from '@pastel-mesh/identity'
import { gossipTopic, topicChannel } from '@pastel-mesh/protocol'
import type { Verdict } from '../inbound/pipeline.ts'
import { chosen, firstHop } from './first-hop.ts'
import { acceptForSome, gossipsubInternals, interceptRpcs, keepScores } from './gossipsub-internals.ts'
import { admitRpc } from './rpc-guard.ts'
import { FLOOD_PUBLISH_BYTES, TOPIC_SCORE } from './settings.ts'

export interface GossipOptions {
  readonly network: string
}

export interface GossipComponents {
  readonly gossipsub: GossipSub
  /** Judges a batch that a peer forwarded. */
  readonly receive: (envelope: Uint8Array, peer: string, channel: string) => Promise<Verdict>
  /** Whether a peer is the node of a sender. */
  readonly isNodeOf: (peer: string, sender: PastelId) => boolean
  /** Whether a peer is connected to the node that `author` is; undefined if that is not known. */
  readonly reaches: (peer: string, author: string) => boolean | undefined
  /** Charges a peer for work that its frames cause, in units of a message. */
  readonly charge: (peer: string, work: number) => void
  /** Told about what cannot be helped here. */
  readonly onError: (error: unknown) => void
}

/**
 * Units of work of a message that is ignored. It costs nobody's score, since it may look different elsewhere, but
 * gossipsub remembers it for two minutes, and whoever sends many is slowed down.
 */
const IGNORED_WORK = 8

/**
 * How long a node waits before it forwards what it had from the author itself to peers that may have it from there
 * too, in ms, and by how much that differs from message to message: it stores and shows it first, and leaves out
 * those that have sent it meanwhile.
 */
const FIRST_HOP_DELAY_MS = 20
const FIRST_HOP_JITTER_MS = 30

/**
 * Units of work of what comes on a topic that carries something else than batches: a certificate, of which two
 * signatures are checked.
 */
const CONTROL_WORK = 64

/** Judges what came on a topic that carries something else than batches. */
export type ReceiveControl = (data: Uint8Array, peer: string) => Promise<keyof typeof RESULTS>

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

/** Carries topic batches by gossipsub: what comes in is judged before it is forwarded. */
export class Gossip {
  readonly #options: GossipOptions
  readonly #gossipsub: ReturnType<typeof gossipsubInternals>
  readonly #receive: GossipComponents['receive']
  readonly #isNodeOf: GossipComponents['isNodeOf']
  readonly #reaches: GossipComponents['reaches']
  readonly #charge: GossipComponents['charge']
  readonly #onError: (error: unknown) => void
  /** Gossip topic → channel, for the topics that this node joined. */
  readonly #channels = new Map<string, string>()
  /** The same for topics that carry something else than batches: gossip topic → who takes it. */
  readonly #controls = new Map<string, ReceiveControl>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(options: GossipOptions, components: GossipComponents) {
    this.#options = options
    this.#gossipsub = gossipsubInternals(components.gossipsub)
    this.#receive = components.receive
    this.#isNodeOf = components.isNodeOf
    this.#reaches = components.reaches
    this.#charge = components.charge
    this.#onError = components.onError
    keepScores(this.#gossipsub)
    interceptRpcs(this.#gossipsub, (from, received) => {
      const { rpc, work } = admitRpc(received, (topic) => this.#isJoined(topic))
      this.#charge(from, work)
      return rpc
    })
  }

  start(): void {
    this.#gossipsub.addEventListener('gossipsub:message', this.#onMessage)
  }

  stop(): void {
    this.#gossipsub.removeEventListener('gossipsub:message', this.#onMessage)
    this.#channels.clear()
    this.#controls.clear()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  join(topic: string): void {
    const name = this.#name(topic)
    this.#channels.set(name, topicChannel(topic))
    this.#gossipsub.subscribe(name)
  }

  leave(topic: string): void {
    const name = this.#name(topic)
    this.#channels.delete(name)
    this.#gossipsub.unsubscribe(name)
  }

  /** Sends a batch of this node to the topic's subscribers. */
  async publish(topic: string, envelope: Uint8Array): Promise<void> {
    const floodPublish = envelope.length <= FLOOD_PUBLISH_BYTES
    await this.#gossipsub.publish(this.#name(topic), envelope, { floodPublish })
  }

  /** PeerIds of those that subscribed to a topic, as far as they told this node. */
  subscribers(topic: string): string[] {
    return this.#gossipsub.getSubscribers(this.#name(topic)).map(String)
  }

  /** Joins a gossip topic that carries something else than batches. */
  joinControl(name: string, receive: ReceiveControl): void {
    this.#score(name)
    this.#controls.set(name, receive)
    this.#gossipsub.subscribe(name)
  }

  /** Sends something to the subscribers of such a topic. @returns false, and nothing was sent: there are none */
  async publishControl(name: string, data: Uint8Array): Promise<boolean> {
    // Gossipsub would remember it as sent, and not send it to those who come next.
    if (this.#gossipsub.getSubscribers(name).length === 0) return false
    await this.#gossipsub.publish(name, data, { floodPublish: true })
    return true
  }

  /** Calls back whenever a peer has told what it subscribes to. @returns removes the listener */
  onSubscriptions(listener: () => void): () => void {
    this.#gossipsub.addEventListener('subscription-change', listener)
    return () => this.#gossipsub.removeEventListener('subscription-change', listener)
  }

  #isJoined(name: string): boolean {
    return this.#channels.has(name) || this.#controls.has(name)
  }

  #name(topic: string): string {
    const name = gossipTopic(this.#options.network, topic)
    this.#score(name)
    return name
  }

  /** Accepts and forwards what came from its author. */
  #forwardFirst(topic: string, msgId: string, author: string): void {
    const reaches = (peer: string) => this.#reaches(peer, author)
    const accept = () =>
      acceptForSome(this.#gossipsub, msgId, author, (mesh) => chosen(firstHop(mesh, reaches)))
    const others = this.#gossipsub.getMeshPeers(topic).filter((peer) => peer !== author)
    const { needy, unknown } = firstHop(new Set(others), reaches)
    if (needy.length === 0 && unknown.length > 0) this.#later(accept)
    else accept()
  }

  /** Without parameters of its own a topic has no score, and bad batches would cost nothing. */
  #score(name: string): void {
    this.#gossipsub.score.params.topics[name] ??= TOPIC_SCORE
  }

  #onControl(receive: ReceiveControl, { msg, msgId }: GossipsubMessage, source: string): void {
    this.#charge(source, CONTROL_WORK)
    receive(msg.data, source).then(
      (action) => this.#gossipsub.reportMessageValidationResult(msgId, source, RESULTS[action]),
      (error) => {
        this.#gossipsub.reportMessageValidationResult(msgId, source, TopicValidatorResult.Ignore)
        this.#onError(error)
      },
    )
  }

  #later(act: () => void): void {
    const delayMs = FIRST_HOP_DELAY_MS + Math.random() * FIRST_HOP_JITTER_MS
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delayMs)
    this.#timers.add(timer)
  }

  readonly #onMessage = ({ detail }: CustomEvent<GossipsubMessage>): void => {
    const { msg, msgId, propagationSource } = detail
    const source = propagationSource.toString()
    const control = this.#controls.get(msg.topic)
    if (control !== undefined) {
      this.#onControl(control, detail, source)
      return
    }
    const channel = this.#channels.get(msg.topic)
    if (channel === undefined) return
    this.#receive(msg.data, source, channel).then(
      (verdict) => {
        if (verdict.action === 'ignore') this.#charge(source, IGNORED_WORK)
        const isFlooded = msg.data.length <= FLOOD_PUBLISH_BYTES
        if (verdict.action === 'accept' && isFlooded && this.#isNodeOf(source, verdict.sender)) {
          this.#forwardFirst(msg.topic, msgId, source)
        } else {
          this.#gossipsub.reportMessageValidationResult(msgId, source, RESULTS[verdict.action])
        }
      },
      (error) => {
        this.#gossipsub.reportMessageValidationResult(msgId, source, TopicValidatorResult.Ignore)
        this.#onError(error)
      },
    )
  }
}
