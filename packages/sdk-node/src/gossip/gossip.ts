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
      const { rpc, work } = admitRpc(received, (topic) => this.#channels.has(topic))
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

  #name(topic: string): string {
    const name = gossipTopic(this.#options.network, topic)
    // Without parameters of its own a topic has no score, and bad batches would cost nothing.
    this.#gossipsub.score.params.topics[name] ??= TOPIC_SCORE
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
    const channel = this.#channels.get(msg.topic)
    if (channel === undefined) return
    const source = propagationSource.toString()
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
