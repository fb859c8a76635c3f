import { MAX_TOPICS } from './gossip/settings.ts'

export interface RelayComponents {
  /** Topics that the node carries, for whatever reason. */
  readonly topics: () => readonly string[]
  readonly join: (topic: string) => void
  readonly leave: (topic: string) => void
  /** Topics that the certificates which this node knows announce. */
  readonly announced: () => Iterable<string>
  /** There is no room for a topic: told once, until there was room again. */
  readonly onFull: (topic: string) => void
}

/**
 * Carries the topics of others, so that nodes which are connected through this one alone hear each other. What is
 * carried for others stays until the room is needed and no certificate announces it any more.
 */
export class Relay {
  readonly #components: RelayComponents
  /** Topics that are carried for others only. */
  readonly #carried = new Set<string>()
  #isFull = false

  constructor(components: RelayComponents) {
    this.#components = components
  }

  /** Somebody announced topics. */
  carry(topics: readonly string[]): void {
    const joined = new Set(this.#components.topics())
    for (const topic of topics) {
      if (joined.has(topic)) continue
      if (joined.size >= MAX_TOPICS) this.#makeRoom(joined)
      if (joined.size >= MAX_TOPICS) {
        this.#full(topic)
        return
      }
      this.#isFull = false
      joined.add(topic)
      this.#carried.add(topic)
      this.#components.join(topic)
    }
  }

  /** The node itself wants a topic, or no longer has it: it is not this one's to leave. */
  release(topic: string): void {
    this.#carried.delete(topic)
  }

  /** Carries nothing any more. */
  stop(): void {
    for (const topic of this.#carried) {
      this.#carried.delete(topic)
      this.#components.leave(topic)
    }
  }

  #makeRoom(joined: Set<string>): void {
    const announced = new Set(this.#components.announced())
    for (const topic of this.#carried) {
      if (announced.has(topic)) continue
      this.#carried.delete(topic)
      joined.delete(topic)
      this.#components.leave(topic)
    }
  }

  #full(topic: string): void {
    if (!this.#isFull) this.#components.onFull(topic)
    this.#isFull = true
  }
}
