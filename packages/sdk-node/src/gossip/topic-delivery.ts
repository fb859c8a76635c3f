import { parseChannel } from '@pastel-mesh/protocol'
import type { StoredBatch } from '@pastel-mesh/storage'
import { MAX_PACING_MS } from '../node-defaults.ts'
import type { Gossip } from './gossip.ts'
import type { GossipStreams } from './stream-guards.ts'

export interface TopicDeliveryComponents {
  readonly gossip: Gossip
  readonly streams: GossipStreams
  /** Of the node. */
  readonly state: () => string
  readonly onError: (error: unknown) => void
}

/** Sends own batches of topics to those who are there; the others come for them. */
export class TopicDelivery {
  readonly #components: TopicDeliveryComponents

  constructor(components: TopicDeliveryComponents) {
    this.#components = components
  }

  /** @param batch one that is on disk */
  async deliver({ envelope, signed }: StoredBatch): Promise<void> {
    const { gossip, streams, state, onError } = this.#components
    const channel = parseChannel(signed.batch.channel)
    if (channel.kind !== 'topic' || (state() !== 'started' && state() !== 'stopping')) return
    try {
      await gossip.publish(channel.topic, envelope)
    } catch (error) {
      onError(error)
    }
    // The end waits for nobody's buffer.
    if (state() !== 'started') return
    await streams.whenRoom(gossip.subscribers(channel.topic), MAX_PACING_MS)
  }
}
