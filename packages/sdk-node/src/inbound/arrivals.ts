import type { PastelId } from '@pastel-mesh/identity'
import type { DirectMessages } from '../direct/direct-messages.ts'
import type { LogSync } from '../sync/log-sync.ts'
import type { SyncDelivery } from '../sync/reader.ts'
import type { Delivery, InboundPipeline, Verdict } from './pipeline.ts'

export interface ArrivalsComponents {
  readonly inbound: () => InboundPipeline
  readonly sync: () => Pick<LogSync, 'read'>
  readonly direct: () => Pick<DirectMessages, 'synced'>
  readonly pastelIdOf: (peer: string) => PastelId | undefined
  readonly onError: (error: unknown) => void
}

/** The three ways on which batches come to the inbound pipeline, and what each does with its verdict. */
export class Arrivals {
  readonly #components: ArrivalsComponents

  constructor(components: ArrivalsComponents) {
    this.#components = components
  }

  /** What is missing before it is read from who brought it, at once. */
  async byGossip(envelope: Uint8Array, peer: string, channel: string): Promise<Verdict> {
    const { inbound, sync, onError } = this.#components
    const verdict = await inbound().receive(envelope, { via: 'gossip', peer, channel })
    if (verdict.action === 'accept') {
      if ('missing' in verdict) sync().read(peer, verdict.missing.id)
      else verdict.committed.catch(onError)
    }
    return verdict
  }

  /** What came to this node's inbox is told to its sender, and to the mailbox that it came from. */
  async bySync(envelope: Uint8Array, peer: string, delivery: SyncDelivery): Promise<Verdict> {
    const { inbound, direct, pastelIdOf } = this.#components
    const verdict = await inbound().receive(envelope, { via: 'sync', peer, ...delivery })
    if (verdict.action === 'accept' && !('missing' in verdict)) {
      const from = pastelIdOf(peer)
      verdict.committed.then(
        ({ signed }) => direct().synced(signed, from),
        () => {},
      )
    }
    return verdict
  }

  /** Who leaves it waits for the answer. */
  left(envelope: Uint8Array, peer: string, options: Pick<Delivery, 'admit' | 'signal'>): Promise<Verdict> {
    return this.#components.inbound().receive(envelope, { via: 'direct', peer, ...options })
  }
}
