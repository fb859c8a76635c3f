import type { MeshNode } from '@pastel-mesh/sdk-node'
import { byLabel, type Families, type Samples } from './families.ts'

/** What the node took in, sent and dropped, and whom it is connected to. */
export function addNodeFamilies(families: Families, node: MeshNode): void {
  const { counters } = node
  families.counter({
    name: 'pmesh_published_batches_total',
    help: 'Batches of this node that are on disk',
    read: () => counters.published.batches,
  })
  families.counter({
    name: 'pmesh_published_messages_total',
    help: 'Messages of this node that are on disk',
    read: () => counters.published.messages,
  })
  families.counter({
    name: 'pmesh_received_batches_total',
    help: 'Batches of others that are on disk, by the way they came: gossip, sync, or direct',
    labels: ['way'],
    read: () => {
      const { gossip, sync, direct } = counters.received
      return byLabel('way', { gossip, sync, direct })
    },
  })
  families.counter({
    name: 'pmesh_received_messages_total',
    help: 'Messages of others that are on disk',
    read: () => counters.received.messages,
  })
  families.counter({
    name: 'pmesh_held_batches_total',
    help: 'Batches of others that waited on disk for what was before them',
    read: () => counters.received.held,
  })
  families.counter({
    name: 'pmesh_dropped_batches_total',
    help: 'Batches that were not taken in, by reason',
    labels: ['reason'],
    read: () => byLabel('reason', counters.dropped),
  })
  families.counter({
    name: 'pmesh_verifications_total',
    help: 'Signatures of batches that were checked',
    read: () => counters.verifications,
  })
  families.counter({
    name: 'pmesh_unreadable_batches_total',
    help: 'Batches to the inbox that did not open',
    read: () => counters.unreadable,
  })
  families.counter({
    name: 'pmesh_congested_batches_total',
    help: 'Batches of this node that were not handed to a congested peer; log sync brings them',
    read: () => counters.congested,
  })
  families.counter({
    name: 'pmesh_sync_total',
    help: 'Log sync, as the one that asks: heads, ranges, those denied or deferred, passes refused or timed out',
    labels: ['what'],
    read: () => byLabel('what', { ...counters.sync }),
  })
  families.counter({
    name: 'pmesh_certificates_total',
    help: 'Certificates that others told of, by what became of them',
    labels: ['outcome'],
    read: () => byLabel('outcome', { ...counters.certificates }),
  })
  families.counter({
    name: 'pmesh_receipts_dropped_total',
    help: 'Receipts that settle nothing, by reason',
    labels: ['reason'],
    read: () => byLabel('reason', { ...counters.receipts }),
  })
  families.counter({
    name: 'pmesh_direct_refused_total',
    help: 'What peers got wrong on the protocol of direct messages, by what it was',
    labels: ['what'],
    read: () => byLabel('what', counters.direct.refused),
  })
  families.counter({
    name: 'pmesh_direct_timeouts_total',
    help: 'Questions of this node about direct messages that were not answered in time',
    read: () => counters.direct.timeouts,
  })
  families.counter({
    name: 'pmesh_sent_bytes_total',
    help: 'Bytes that were written to peers, by protocol',
    labels: ['protocol'],
    read: () => bytesOf(counters.sent),
  })
  families.counter({
    name: 'pmesh_read_bytes_total',
    help: 'Bytes that were read from peers, by protocol',
    labels: ['protocol'],
    read: () => bytesOf(counters.read),
  })
  addConnectionFamilies(families, node)
}

function bytesOf(counters: Readonly<Record<string, { readonly bytes: number }>>): Samples {
  return Object.entries(counters).map(([protocol, { bytes }]) => [{ protocol }, bytes])
}

function addConnectionFamilies(families: Families, node: MeshNode): void {
  families.gauge({
    name: 'pmesh_peers',
    help: 'Connected peers, by who opened the connection',
    labels: ['direction'],
    read: () => {
      const counts = { inbound: 0, outbound: 0 }
      for (const { direction } of node.peers()) counts[direction] += 1
      return byLabel('direction', counts)
    },
  })
  families.gauge({
    name: 'pmesh_topic_peers',
    help: 'Connected peers that subscribe to a topic of this node',
    labels: ['topic'],
    read: () => node.topics.map((topic) => [{ topic }, node.topicPeers(topic).length]),
  })
  families.gauge({
    name: 'pmesh_known_nodes',
    help: 'Nodes in the address book, connected or not',
    read: () => node.knownNodes().length,
  })
  families.gauge({
    name: 'pmesh_peer_round_trip_seconds',
    help: 'Smoothed round-trip time of the connected peers: the median, and the longest',
    labels: ['quantile'],
    read: () => {
      const times = node
        .peers()
        .flatMap(({ roundTripMs }) => (roundTripMs === undefined ? [] : [roundTripMs]))
      times.sort((a, b) => a - b)
      const [median, longest] = [times[times.length >> 1], times.at(-1)]
      if (median === undefined || longest === undefined) return []
      return byLabel('quantile', { '0.5': median / 1_000, '1': longest / 1_000 })
    },
  })
  families.gauge({
    name: 'pmesh_clock_offset_seconds',
    help: 'How far the clock is ahead of the median of the peers; absent as long as none was measured',
    read: () => {
      const { offsetMs } = node.standing.clock
      return offsetMs === undefined ? [] : offsetMs / 1_000
    },
  })
  families.gauge({
    name: 'pmesh_superseded',
    help: '1 if another node has the PastelID of this one now',
    read: () => (node.standing.superseded === undefined ? 0 : 1),
  })
  families.gauge({
    name: 'pmesh_alerts',
    help: 'What others did that an operator should know, dismissed or not',
    read: () => node.alerts().length,
  })
  families.gauge({
    name: 'pmesh_waiting_messages',
    help: 'Direct messages that wait for certificates of their recipients',
    read: () => node.waiting().length,
  })
  families.gauge({
    name: 'pmesh_outbox_bytes',
    help: 'Direct messages of this node that are not delivered: the room that is used, and what there is',
    labels: ['what'],
    read: () => {
      const { usedBytes, maxBytes } = node.outbox()
      return byLabel('what', { used: usedBytes, max: maxBytes })
    },
  })
}
