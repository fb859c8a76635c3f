import type { PastelId } from '@pastel-mesh/identity'
import { MAX_TOPICS } from './gossip/settings.ts'

/** What the certificate of a PastelID says of its topics. */
export interface Announcement {
  readonly pastelId: PastelId
  readonly topics: readonly string[]
}

export interface RelayComponents {
  /** Topics that the node carries, for whatever reason. */
  readonly topics: () => readonly string[]
  readonly join: (topic: string) => void
  readonly leave: (topic: string) => void
  /** What the certificates that this node knows announce. */
  readonly announced: () => Iterable<Announcement>
  /**
   * There is no room for a topic: told once, until there was room again.
   * @param announcer who has had its share; absent: the node carries as many as it may
   */
  readonly onFull: (topic: string, announcer?: PastelId) => void
}

/** Topics that are carried because of one PastelID, an eighth of all: no member alone takes the room of the others. */
const MAX_TOPICS_OF_ONE = 32

/**
 * Carries the topics of others, so that nodes which are connected through this one alone hear each other. What is
 * carried for others stays until the room is needed and no certificate announces it any more.
 */
export class Relay {
  readonly #components: RelayComponents
  /** Topics that are carried for others only, and because of whom. */
  readonly #carried = new Map<string, PastelId>()
  #isFull = false
  /** Those of whom it was told that they have had their share. */
  readonly #served = new Set<PastelId>()

  constructor(components: RelayComponents) {
    this.#components = components
  }

  /** Somebody announced topics. */
  carry({ pastelId, topics }: Announcement): void {
    const joined = new Set(this.#components.topics())
    for (const topic of topics) {
      if (joined.has(topic)) continue
      if (!this.#hasRoom(joined, pastelId)) this.#makeRoom(joined)
      if (!this.#hasRoom(joined, pastelId)) {
        this.#full(topic, joined, pastelId)
        return
      }
      this.#isFull = false
      this.#served.delete(pastelId)
      joined.add(topic)
      this.#carried.set(topic, pastelId)
      this.#components.join(topic)
    }
  }

  /** Whether a topic is carried for others only. */
  carries(topic: string): boolean {
    return this.#carried.has(topic)
  }

  /** The node itself wants a topic, or no longer has it: it is not this one's to leave. */
  release(topic: string): void {
    this.#carried.delete(topic)
  }

  /** Carries nothing any more. */
  stop(): void {
    for (const topic of this.#carried.keys()) {
      this.#carried.delete(topic)
      this.#components.leave(topic)
    }
  }

  #hasRoom(joined: ReadonlySet<string>, announcer: PastelId): boolean {
    return joined.size < MAX_TOPICS && this.#countOf(announcer) < MAX_TOPICS_OF_ONE
  }

  #countOf(announcer: PastelId): number {
    let count = 0
    for (const pastelId of this.#carried.values()) if (pastelId === announcer) count += 1
    return count
  }

  /** Leaves what nobody announces any more; what only others announce is carried because of one of them. */
  #makeRoom(joined: Set<string>): void {
    const announcers = new Map<string, Set<PastelId>>()
    for (const { pastelId, topics } of this.#components.announced()) {
      for (const topic of topics) {
        if (!this.#carried.has(topic)) continue
        const those = announcers.get(topic) ?? new Set()
        announcers.set(topic, those.add(pastelId))
      }
    }
    for (const [topic, pastelId] of this.#carried) {
      const those = announcers.get(topic)
      const [another] = those ?? []
      if (another === undefined) {
        this.#carried.delete(topic)
        joined.delete(topic)
        this.#components.leave(topic)
      } else if (those?.has(pastelId) === false) {
        this.#carried.set(topic, another)
      }
    }
  }

  #full(topic: string, joined: ReadonlySet<string>, announcer: PastelId): void {
    if (joined.size >= MAX_TOPICS) {
      if (!this.#isFull) this.#components.onFull(topic)
      this.#isFull = true
      return
    }
    for (const pastelId of this.#served) {
      if (this.#countOf(pastelId) < MAX_TOPICS_OF_ONE) this.#served.delete(pastelId)
    }
    if (!this.#served.has(announcer)) this.#components.onFull(topic, announcer)
    this.#served.add(announcer)
  }
}
