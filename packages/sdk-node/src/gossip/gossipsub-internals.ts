import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RPC } from '@libp2p/gossipsub/message'
import type { PeerScoreParams } from '@libp2p/gossipsub/score'
import type { PeerId } from '@libp2p/interface'

/**
 * The only reach into private state of `@libp2p/gossipsub` 17.1.1. The package's interface hides its score, its
 * streams and the answer to asynchronous validation, though they are what the guards need; a test pins the
 * shape to this version.
 */
export interface Internals extends GossipSub {
  readonly peers: Map<string, unknown>
  readonly streamsOutbound: Map<string, unknown>
  readonly score: Score
  getScore(peer: string): number
  getMeshPeers(topic: string): string[]
  publish(
    topic: string,
    data: Uint8Array,
    options?: { floodPublish?: boolean },
  ): ReturnType<GossipSub['publish']>
  reportMessageValidationResult(messageId: string, source: string, result: TopicValidatorResult): void
  selectPeersToForward(topic: string, source?: string, exclude?: Set<string>): Set<string>
  handleReceivedRpc(from: PeerId, rpc: RPC): Promise<void>
}

interface Score {
  readonly params: PeerScoreParams
  readonly peerStats: Map<string, PeerStats>
  addPeer(peer: string): void
}

interface PeerStats {
  connected: boolean
  /** When the stats of a peer that left are forgotten: `retainScore` after it left. */
  expire: number
  behaviourPenalty: number
  readonly topics: Record<string, { invalidMessageDeliveries: number; meshFailurePenalty: number }>
}

export function gossipsubInternals(gossipsub: GossipSub): Internals {
  return gossipsub as Internals
}

/**
 * Shows every RPC to a function before gossipsub gets it, and gossipsub what that returns. What comes from a peer
 * that has left is dropped: its last GRAFT would put it back into the mesh, where it would stay.
 */
export function interceptRpcs(gossipsub: Internals, admit: (from: string, rpc: RPC) => RPC): void {
  const handle = gossipsub.handleReceivedRpc.bind(gossipsub)
  gossipsub.handleReceivedRpc = async (from, rpc) => {
    const peer = from.toString()
    if (gossipsub.peers.has(peer)) await handle(from, admit(peer, rpc))
  }
}

/**
 * Accepts a message and forwards it to those peers of the mesh only that are chosen. Gossipsub asks for them while the
 * acceptance is reported.
 */
export function acceptForSome(
  gossipsub: Internals,
  messageId: string,
  source: string,
  choose: (peers: Set<string>) => Set<string>,
): void {
  const select = gossipsub.selectPeersToForward
  gossipsub.selectPeersToForward = (...args) => choose(select.apply(gossipsub, args))
  try {
    gossipsub.reportMessageValidationResult(messageId, source, TopicValidatorResult.Accept)
  } finally {
    gossipsub.selectPeersToForward = select
  }
}

/**
 * Keeps the score of a peer that comes back. Gossipsub retains it when the peer leaves, and begins a new one when
 * it returns: whoever reconnects after each few bad batches would never be graylisted. What it did decays while
 * it is away as it does while it is there, so that leaving changes nothing.
 */
export function keepScores({ score }: Internals, now: () => number = Date.now): void {
  const addPeer = score.addPeer.bind(score)
  score.addPeer = (peer) => {
    const stats = score.peerStats.get(peer)
    if (stats === undefined) return addPeer(peer)
    const { params } = score
    const steps = Math.max(0, now() - (stats.expire - params.retainScore)) / params.decayInterval
    stats.connected = true
    stats.expire = 0
    stats.behaviourPenalty *= params.behaviourPenaltyDecay ** steps
    for (const [topic, counters] of Object.entries(stats.topics)) {
      const decay = params.topics[topic]
      if (decay === undefined) continue
      counters.invalidMessageDeliveries *= decay.invalidMessageDeliveriesDecay ** steps
      counters.meshFailurePenalty *= decay.meshFailurePenaltyDecay ** steps
    }
  }
}
