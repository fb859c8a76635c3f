import type { GossipsubOpts } from '@libp2p/gossipsub'
import {
  createPeerScoreParams,
  createTopicScoreParams,
  type PeerScoreParams,
  type PeerScoreThresholds,
  type TopicScoreParams,
  validatePeerScoreParams,
  validatePeerScoreThresholds,
  validateTopicScoreParams,
} from '@libp2p/gossipsub/score'
import { MAX_CERTIFICATE_TOPICS, MAX_ENVELOPE_BYTES, sha256 } from '@pastel-mesh/protocol'

/** Up to this size a batch goes to every subscriber at once; larger ones go by the mesh. */
export const FLOOD_PUBLISH_BYTES = 16 * 1024

/** Bytes that may wait for one peer. A peer that has more is left to log sync, which has backpressure. */
export const MAX_OUTBOUND_BUFFER_BYTES = 4 * 1024 * 1024

/** Topics that a node may carry: as many as its certificate may name. */
export const MAX_TOPICS = MAX_CERTIFICATE_TOPICS

/** Gossip topics that a node subscribes to: those, and the one that carries certificates. */
const MAX_GOSSIP_TOPICS = MAX_TOPICS + 1

/** Gossipsub counts a peer's topic as its name, of 150 characters at most, and 1024 bytes for what is around it. */
const TOPIC_COST_BYTES = 1024 + 150

/** A frame holds one batch of the largest size and some control messages beside it. */
export const MAX_RPC_BYTES = MAX_ENVELOPE_BYTES + 64 * 1024

/** Peers with less are disconnected and refused for a while. */
export const GRAYLIST_THRESHOLD = -10_000

const SCORE_THRESHOLDS: PeerScoreThresholds = {
  gossipThreshold: -100,
  publishThreshold: -1_000,
  graylistThreshold: GRAYLIST_THRESHOLD,
  acceptPXThreshold: 100,
  opportunisticGraftThreshold: 5,
}

/**
 * Score of a peer in a topic. Time in the mesh and first deliveries earn a little; what its bytes prove wrong
 * (P4) costs: after some ten bad batches a peer is graylisted, and half of them are forgiven in seven seconds. Too
 * few deliveries (P3) are not punished, because quiet topics are normal.
 */
export const TOPIC_SCORE: TopicScoreParams = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 1_000,
  firstMessageDeliveriesWeight: 1,
  firstMessageDeliveriesDecay: 0.5,
  firstMessageDeliveriesCap: 10,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -100,
  invalidMessageDeliveriesDecay: 0.9,
})

/**
 * Peers of one IP address that are not suspicious yet. Every peer is a member, which costs more than an address, and
 * several may share one: an operator's nodes on one machine, a provider's behind one NAT. Gossipsub takes a peer
 * with any negative score out of the mesh; so the bound is generous, and what is beyond it counts little.
 */
const MAX_PEERS_PER_IP = 20

function scoreParams(manyPeersPerHost: boolean): Partial<PeerScoreParams> {
  return {
    topicScoreCap: 50,
    appSpecificWeight: 0,
    IPColocationFactorWeight: manyPeersPerHost ? 0 : -1,
    IPColocationFactorThreshold: MAX_PEERS_PER_IP,
    behaviourPenaltyWeight: -10,
    behaviourPenaltyDecay: 0.986,
    decayInterval: 1_000,
    decayToZero: 0.01,
  }
}

/** Gossipsub's options, with the reason for each that is not the package's default. */
export function gossipsubOptions(manyPeersPerHost: boolean): Partial<GossipsubOpts> {
  const score = scoreParams(manyPeersPerHost)
  // The package checks neither the thresholds nor the parameters of topics that are added later.
  validatePeerScoreParams(createPeerScoreParams(score))
  validatePeerScoreThresholds(SCORE_THRESHOLDS)
  validateTopicScoreParams(TOPIC_SCORE)
  return {
    // Our batches carry the signature; a second one by the node key would be a second truth.
    globalSignaturePolicy: 'StrictNoSign',
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    floodPublish: true,
    batchPublish: true,
    asyncValidation: true,
    awaitRpcHandler: false,
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dscore: 4,
    Dout: 3,
    // No lazy gossip: what a peer missed, log sync brings, with backpressure. At full rate IHAVE and IWANT
    // would repeat megabytes in one frame.
    Dlazy: 0,
    gossipFactor: 0,
    heartbeatInterval: 700,
    // Validation must end inside this window (3.5 s); it is also what full rate holds in memory.
    mcacheLength: 5,
    mcacheGossip: 1,
    // Stored batches are recognised by their hash at any time; this only saves work.
    seenTTL: 120_000,
    // Over all bytes, signature included: an id of claimed fields would let a forger poison the seen cache.
    msgIdFn: (message) => sha256(message.data),
    maxInboundDataLength: MAX_RPC_BYTES,
    maxOutboundBufferSize: MAX_OUTBOUND_BUFFER_BYTES,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxTopicBytesPerPeer: MAX_GOSSIP_TOPICS * TOPIC_COST_BYTES,
    decodeRpcLimits: {
      // A node tells all its topics in one frame; one entry over a limit, and the whole frame is dropped.
      maxSubscriptions: MAX_GOSSIP_TOPICS,
      maxMessages: 64,
      maxControlMessages: MAX_GOSSIP_TOPICS,
      maxIhaveMessageIDs: 1_024,
      maxIwantMessageIDs: 1_024,
      maxIdontwantMessageIDs: 512,
      maxPeerInfos: 16,
    },
    // Below this IDONTWANT costs more than the duplicates that it saves.
    idontwantMinDataSize: 16 * 1024,
    gossipsubIWantFollowupMs: 6_000,
    doPX: false,
    opportunisticGraftPeers: 2,
    scoreParams: score,
    scoreThresholds: SCORE_THRESHOLDS,
  }
}
