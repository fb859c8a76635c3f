import type { PastelId } from '@pastel-mesh/identity'
import { CarriedTopics } from './carried-topics.ts'
import type { AddressBook } from './connection/address-book.ts'
import type { CertificateGate } from './connection/certificate-gate.ts'
import type { Gossip } from './gossip/gossip.ts'
import type { LogSync } from './sync/log-sync.ts'

export interface NodeTopicsOptions {
  readonly topics?: readonly string[]
  readonly relay?: boolean
}

export interface NodeTopicsComponents {
  /** Of the node. */
  readonly state: () => string
  readonly gossip: () => Gossip
  readonly gate: () => CertificateGate
  readonly sync: () => LogSync
  readonly book: AddressBook
  readonly onFull: (topic: string, announcer?: PastelId) => void
}

/** The topics of a node, and what it does when one is joined or left while it runs. */
export function createNodeTopics(
  { topics = [], relay = false }: NodeTopicsOptions,
  { state, gossip, gate, sync, book, onFull }: NodeTopicsComponents,
): CarriedTopics {
  return new CarriedTopics(
    { topics, relay },
    {
      onJoined: (topic) => {
        if (state() !== 'started') return
        gossip().join(topic)
        for (const { peerId } of gate().peers()) sync().read(peerId)
      },
      onLeft: (topic) => {
        if (state() === 'started') gossip().leave(topic)
      },
      onAnnounce: () => {
        // The start joins them all, but its certificate may be made already.
        if (state() === 'starting' || state() === 'started') gate().renewSoon()
      },
      *announced() {
        for (const { pastelId, certificate } of book.entries()) yield { pastelId, topics: certificate.topics }
      },
      onFull,
    },
  )
}
