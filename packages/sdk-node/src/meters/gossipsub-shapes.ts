/** How a metric of gossipsub is shown. */
export interface GossipsubShape {
  /** Where gossipsub's own name says something else, or several are one. */
  readonly name?: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Absent: there is one value, whatever labels gossipsub gives it. */
  readonly label?: string
  /** The value of the label, of several that are one. */
  readonly as?: string
  /** Every value is told again when it is read. */
  readonly isTold?: boolean
}

const topic = { type: 'counter', label: 'topic' } as const
const count = { type: 'counter' } as const

/** Each reason has a metric of its own, with topics; here they are one, without. */
function byReason(
  prefix: string,
  name: string,
  help: string,
  reasons: readonly string[],
): Record<string, GossipsubShape> {
  return Object.fromEntries(
    reasons.map((reason) => [
      `${prefix}_${reason}_total`,
      { name, help, type: 'counter', label: 'reason', as: reason } as const,
    ]),
  )
}

/**
 * By gossipsub's name. What is not here is not shown: what is of no use where there is no lazy gossip, no flood peer and
 * no penalty for few deliveries, and what would be a series for each topic and reason. What gossipsub calls a message
 * is a batch.
 */
export const GOSSIPSUB_SHAPES: Readonly<Record<string, GossipsubShape>> = {
  gossipsub_mesh_peer_count: {
    name: 'gossipsub_mesh_peers',
    help: 'Peers in the mesh of a topic',
    type: 'gauge',
    label: 'topic',
    isTold: true,
  },
  ...byReason(
    'gossipsub_mesh_peer_inclusion_events',
    'gossipsub_mesh_peer_inclusions_total',
    'Peers that came into the mesh of a topic, by reason: subscribed is a GRAFT of the peer',
    ['fanout', 'random', 'subscribed', 'outbound', 'not_enough', 'opportunistic', 'unknown'],
  ),
  ...byReason(
    'gossipsub_peer_churn_events',
    'gossipsub_mesh_peer_removals_total',
    'Peers that went out of the mesh of a topic, by reason: prune is a PRUNE of the peer',
    ['disconnected', 'bad_score', 'prune', 'excess', 'unknown'],
  ),
  gossipsub_peers_per_protocol_count: {
    name: 'gossipsub_peers',
    help: 'Peers, by the version of the protocol',
    type: 'gauge',
    label: 'protocol',
  },
  gossipsub_msg_received_prevalidation_total: { ...topic, help: 'Batches that came, each copy' },
  gossipsub_pre_validation_valid_total: { ...topic, help: 'Batches that came for the first time' },
  gossipsub_pre_validation_duplicate_total: { ...topic, help: 'Further copies of batches that had come' },
  gossipsub_pre_validation_invalid_total: {
    ...topic,
    help: 'Batches that were wrong before they were judged',
  },
  gossipsub_msg_received_invalid_total: {
    type: 'counter',
    label: 'error',
    help: 'Batches that were wrong, by what was wrong',
  },
  gossipsub_accepted_messages_total: { ...topic, help: 'Batches that were judged good, and forwarded' },
  gossipsub_ignored_messages_total: { ...topic, help: 'Batches that were judged to be ignored' },
  gossipsub_rejected_messages_total: {
    ...topic,
    help: 'Batches that were judged wrong, which costs the peer its score',
  },
  gossipsub_async_validation_mcache_hit_total: {
    type: 'counter',
    label: 'hit',
    help: 'Judgements that came in time (hit), and too late to forward the batch (miss)',
  },
  gossipsub_async_validation_delay_from_first_seen: {
    name: 'gossipsub_async_validation_delay_seconds',
    type: 'histogram',
    help: 'How long batches waited for their judgement',
  },
  gossipsub_msg_publish_count_total: { ...topic, help: 'Batches of this node that were sent' },
  gossipsub_msg_publish_peers_total: { ...topic, help: 'Peers that they were sent to' },
  gossipsub_msg_publish_bytes_total: { ...topic, help: 'Bytes of them, for each peer' },
  gossipsub_msg_publish_seconds: { type: 'histogram', help: 'How long it took to send a batch of this node' },
  gossipsub_msg_forward_count_total: { ...topic, help: 'Batches of others that were forwarded' },
  gossipsub_msg_forward_peers_total: { ...topic, help: 'Peers that they were forwarded to' },
  gossipsub_rpc_recv_bytes_total: { ...count, help: 'Bytes of frames that came' },
  gossipsub_rpc_recv_count_total: { ...count, help: 'Frames that came' },
  gossipsub_rpc_recv_subscription_total: { ...count, help: 'Subscriptions in frames that came' },
  gossipsub_rpc_recv_message_total: { ...count, help: 'Batches in frames that came' },
  gossipsub_rpc_recv_graft_total: { ...count, help: 'GRAFTs in frames that came' },
  gossipsub_rpc_recv_prune_total: { ...count, help: 'PRUNEs in frames that came' },
  gossipsub_rpc_recv_err_count_total: { ...count, help: 'Frames that failed while they were handled' },
  gossipsub_rpc_data_err_count_total: { ...count, help: 'Frames that could not be decoded' },
  gossipsub_rpc_rcv_not_accepted_total: { ...count, help: 'Frames of peers whose score is too low' },
  gossipsub_peer_read_stream_err_count_total: { ...count, help: 'Streams of peers that failed' },
  gossipsub_rpc_sent_bytes_total: { ...count, help: 'Bytes of frames that were sent' },
  gossipsub_rpc_sent_count_total: { ...count, help: 'Frames that were sent' },
  gossipsub_rpc_sent_subscription_total: { ...count, help: 'Subscriptions in frames that were sent' },
  gossipsub_rpc_sent_message_total: { ...count, help: 'Batches in frames that were sent' },
  gossipsub_rpc_sent_graft_total: { ...count, help: 'GRAFTs in frames that were sent' },
  gossipsub_rpc_sent_prune_total: { ...count, help: 'PRUNEs in frames that were sent' },
  gossipsub_rpc_sent_idontwant_total: { ...count, help: 'IDONTWANTs in frames that were sent' },
  gossipsub_idontwant_rcv_msgids_total: { ...count, help: 'Batches that peers did not want, having them' },
  gossipsub_score: {
    type: 'gauge',
    label: 'what',
    isTold: true,
    help: 'Scores of the peers: their mean, the lowest and the highest',
  },
  gossipsub_peers_by_score_threshold_count: {
    name: 'gossipsub_peers_above_score_threshold',
    type: 'gauge',
    label: 'threshold',
    help: 'Peers whose score is high enough: not to be graylisted, to be sent batches, gossip, for the mesh',
  },
  gossipsub_scoring_penalties_total: {
    type: 'counter',
    label: 'penalty',
    help: 'What cost peers their score, beside wrong batches',
  },
  gossipsub_heartbeat_duration_seconds: { type: 'histogram', help: 'How long heartbeats took' },
  gossipsub_heartbeat_skipped: {
    ...count,
    name: 'gossipsub_heartbeats_skipped_total',
    help: 'Heartbeats that were left out, for the one before took too long',
  },
  gossipsub_cache_size: {
    name: 'gossipsub_cache_entries',
    type: 'gauge',
    label: 'cache',
    help: 'Entries of what gossipsub remembers',
  },
  gossipsub_mcache_size: {
    name: 'gossipsub_mcache_entries',
    type: 'gauge',
    help: 'Batches that can be forwarded still',
  },
}
