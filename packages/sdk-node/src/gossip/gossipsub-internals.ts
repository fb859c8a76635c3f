import type { GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'

/**
 * The only reach into private state of `@libp2p/gossipsub` 17.1.1. The package's interface hides its score, its
 * streams and the answer to asynchronous validation, though they are what the guards need; a test pins the
 * shape to this version.
 */
interface Internals extends GossipSub {
  readonly peers: Map<string, unknown>
  readonly streamsOutbound: Map<string, unknown>
  readonly score: { readonly params: { readonly topics: Record<string, TopicScoreParams> } }
  getScore(peer: string): number
  getMeshPeers(topic: string): string[]
  publish(
    topic: string,
    data: Uint8Array,
    options?: { floodPublish?: boolean },
  ): ReturnType<GossipSub['publish']>
  reportMessageValidationResult(messageId: string, source: string, result: TopicValidatorResult): void
}

export function gossipsubInternals(gossipsub: GossipSub): Internals {
  return gossipsub as Internals
}
