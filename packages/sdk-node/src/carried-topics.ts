import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { assertTopicName } from '@pastel-mesh/protocol'
import { MAX_TOPICS } from './gossip/settings.ts'
import { type Announcement, Relay } from './relay.ts'

export interface CarriedTopicsOptions {
  /** Those that the node carries from the start. */
  readonly topics: readonly string[]
  /** Carries those of others, too. */
  readonly relay: boolean
}

export interface CarriedTopicsComponents {
  readonly onJoined: (topic: string) => void
  readonly onLeft: (topic: string) => void
  /** What the node's certificate says of its topics has changed. */
  readonly onAnnounce: () => void
  /** What the certificates that this node knows announce. */
  readonly announced: () => Iterable<Announcement>
  /** A relay has no room for a topic; `announcer`: for no more topics of that one. */
  readonly onFull: (topic: string, announcer?: PastelId) => void
}

/** The topics that a node carries: those that it was told to and, on a relay, those of others. */
export class CarriedTopics {
  readonly #components: CarriedTopicsComponents
  readonly #topics: Set<string>
  #relay: Relay | undefined

  /** @throws ProtocolError ERR_TOPIC_NAME; MeshError ERR_TOO_MANY_TOPICS */
  constructor({ topics, relay }: CarriedTopicsOptions, components: CarriedTopicsComponents) {
    for (const topic of topics) assertTopicName(topic)
    this.#components = components
    this.#topics = new Set(topics)
    assertCount(this.#topics.size)
    if (relay) this.#relay = this.#createRelay()
  }

  /** Whether the node carries the topics of others, too. */
  get isRelay(): boolean {
    return this.#relay !== undefined
  }

  /** Begins to carry the topics of others, or leaves those that are carried for others only. */
  setRelay(isRelay: boolean): void {
    if (isRelay === this.isRelay) return
    const before = this.#relay
    this.#relay = isRelay ? this.#createRelay() : undefined
    before?.stop()
    // Not while it is read: who joins a topic may be told of at once.
    for (const announcement of [...this.#components.announced()]) this.announced(announcement)
    this.#components.onAnnounce()
  }

  get all(): string[] {
    return [...this.#topics]
  }

  /** Those that the node itself wants: what it announces. */
  get own(): string[] {
    return this.all.filter((topic) => this.#relay?.carries(topic) !== true)
  }

  /** @throws ProtocolError ERR_TOPIC_NAME; MeshError ERR_TOO_MANY_TOPICS */
  join(topic: string): void {
    assertTopicName(topic)
    if (this.#topics.has(topic) && this.#relay?.carries(topic) !== true) return
    this.#relay?.release(topic)
    if (!this.#topics.has(topic)) {
      assertCount(this.#topics.size + 1)
      this.#add(topic)
    }
    this.#components.onAnnounce()
  }

  leave(topic: string): void {
    if (!this.#topics.has(topic)) return
    this.#relay?.release(topic)
    this.#delete(topic)
    this.#components.onAnnounce()
  }

  /** A node announces topics. */
  announced(announcement: Announcement): void {
    this.#relay?.carry(announcement)
  }

  #createRelay(): Relay {
    return new Relay({
      topics: () => this.all,
      join: (topic) => this.#add(topic),
      leave: (topic) => this.#delete(topic),
      announced: this.#components.announced,
      onFull: this.#components.onFull,
    })
  }

  #add(topic: string): void {
    this.#topics.add(topic)
    this.#components.onJoined(topic)
  }

  #delete(topic: string): void {
    this.#topics.delete(topic)
    this.#components.onLeft(topic)
  }
}

/** Peers refuse a certificate, and drop the frame that tells a node's topics, if there are more. */
function assertCount(count: number): void {
  if (count <= MAX_TOPICS) return
  throw new MeshError('ERR_TOO_MANY_TOPICS', `a node carries ${MAX_TOPICS} topics at most: leave one first`)
}
