import type { Certificate } from '@pastel-mesh/protocol'
import { isRelay } from './relay-role.ts'

/** Somebody who says which topics it carries. */
export interface Announcer {
  readonly certificate: Pick<Certificate, 'topics' | 'roles'>
}

/** How many of some nodes carry a topic. */
export class TopicCounts {
  readonly #members = new Map<string, number>()
  /** Of those that announce a topic, how many are relays. */
  readonly #relays = new Map<string, number>()
  #allRelays = 0

  constructor(announcers: Iterable<Announcer>) {
    for (const { certificate } of announcers) {
      const isOne = isRelay(certificate)
      if (isOne) this.#allRelays += 1
      for (const topic of new Set(certificate.topics)) {
        this.#members.set(topic, this.membersOf(topic) + 1)
        if (isOne) this.#relays.set(topic, (this.#relays.get(topic) ?? 0) + 1)
      }
    }
  }

  /** Nodes that announce a topic. */
  membersOf(topic: string): number {
    return this.#members.get(topic) ?? 0
  }

  /** Relays that carry it for others only. */
  relaysOf(topic: string): number {
    return this.#allRelays - (this.#relays.get(topic) ?? 0)
  }
}
