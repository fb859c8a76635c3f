import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { type ControlClient, createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { type MetricFamily, parsePrometheusText } from './fixtures/prometheus-text.ts'
import { type RunningNode, startNode } from './fixtures/running-node.ts'

interface Side {
  readonly node: RunningNode
  readonly client: ControlClient
  readonly peerId: string
  readonly pastelId: string
  page(): Promise<Map<string, MetricFamily>>
}

const sides: Side[] = []
let [alice, bob]: [Side, Side] = [] as never

async function startSide(...args: string[]): Promise<Side> {
  const node = await startNode({
    args: ['--topic', 'prices', '--members', 'open', '--metrics-listen', '127.0.0.1:0', ...args],
  })
  const client = createControlClient(dataFolder(node.dataDir).socket)
  const { peerId, pastelId } = await client.api.admin.status.query()
  const [, url = ''] = /^metrics +(\S+)$/m.exec(node.output()) ?? []
  const page = async () => {
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    return parsePrometheusText(await answer.text())
  }
  return { node, client, peerId, pastelId, page }
}

/** The sum of the series that have some labels. */
function sum(page: Map<string, MetricFamily>, name: string, labels: Readonly<Record<string, string>> = {}) {
  const family = page.get(name) ?? page.get(name.replace(/_(count|sum|bucket)$/, ''))
  if (family === undefined) throw new Error(`there is no ${name}`)
  return (family.lines.get(name) ?? [])
    .filter((series) => Object.entries(labels).every(([label, value]) => series.labels[label] === value))
    .reduce((total, { value }) => total + value, 0)
}

beforeAll(async () => {
  alice = await startSide()
  sides.push(alice)
  const { addresses } = await alice.client.api.admin.status.query()
  bob = await startSide('--bootstrap', addresses[0] as string)
  sides.push(bob)
  await waitUntil(async () => sum(await alice.page(), 'gossipsub_mesh_peers', { topic: 'prices' }) === 1, {
    what: 'the mesh of the topic',
  })
})
afterAll(async () => {
  for (const { client, node } of sides) {
    await client.close()
    await node.remove()
  }
})

/** Grow when two nodes exchange messages: at the sender, and at the receiver. */
const MOVES = {
  sender: [
    ['pmesh_published_messages_total'],
    ['pmesh_sent_bytes_total', { protocol: '/meshsub/1.2.0' }],
    ['gossipsub_msg_publish_count_total', { topic: 'prices' }],
    ['gossipsub_msg_publish_peers_total', { topic: 'prices' }],
    ['gossipsub_msg_publish_bytes_total', { topic: 'prices' }],
    ['gossipsub_msg_publish_seconds_count'],
    ['gossipsub_rpc_sent_bytes_total'],
    ['gossipsub_rpc_sent_message_total'],
    ['libp2p_transport_bytes_total', { transport: 'tcp', direction: 'sent' }],
    ['libp2p_noise_encrypted_packets_total'],
    ['pmesh_api_calls_total', { procedure: 'service.messages.publish', code: 'OK' }],
  ],
  receiver: [
    ['pmesh_received_messages_total'],
    ['pmesh_received_batches_total'],
    ['pmesh_verifications_total'],
    ['pmesh_read_bytes_total', { protocol: '/meshsub/1.2.0' }],
    ['gossipsub_msg_received_prevalidation_total', { topic: 'prices' }],
    ['gossipsub_pre_validation_valid_total', { topic: 'prices' }],
    ['gossipsub_accepted_messages_total', { topic: 'prices' }],
    ['gossipsub_async_validation_mcache_hit_total', { hit: 'hit' }],
    ['gossipsub_async_validation_delay_seconds_count'],
    ['gossipsub_rpc_recv_bytes_total'],
    ['gossipsub_rpc_recv_message_total'],
    ['libp2p_transport_bytes_total', { transport: 'tcp', direction: 'received' }],
    ['libp2p_noise_decrypted_packets_total'],
    ['process_cpu_seconds_total'],
  ],
} as const satisfies Record<string, readonly (readonly [string, Readonly<Record<string, string>>?])[]>

describe('the page for Prometheus of two nodes that are connected', () => {
  it('moves with what they exchange, at both ends', async () => {
    const before = { sender: await alice.page(), receiver: await bob.page() }
    const messages = Array.from({ length: 20 }, (_, n) => ({ text: `message ${n}` }))
    await alice.client.api.service.messages.publish.mutate({ topic: 'prices', messages })
    let still: string[] = []
    const haveMoved = async () => {
      const after = { sender: await alice.page(), receiver: await bob.page() }
      still = (['sender', 'receiver'] as const).flatMap((side) =>
        MOVES[side]
          .filter(([name, labels]) => sum(after[side], name, labels) <= sum(before[side], name, labels))
          .map(([name]) => `${name} of the ${side}`),
      )
      return still.length === 0
    }
    await waitUntil(haveMoved, { what: 'all of it to move' }).catch(() => {})
    expect(still).toEqual([])
    expect(sum(await bob.page(), 'pmesh_received_messages_total')).toBe(messages.length)
  })

  it('says who is connected and how, by whom it was opened, and what came to nothing', async () => {
    const [here, there] = [await alice.page(), await bob.page()]
    expect(sum(here, 'libp2p_connections', { direction: 'inbound', state: 'open' })).toBe(1)
    expect(sum(there, 'libp2p_connections', { direction: 'outbound', state: 'open' })).toBe(1)
    expect(sum(here, 'libp2p_upgrades_total', { direction: 'inbound' })).toBe(1)
    expect(sum(there, 'libp2p_tcp_dialer_events_total', { event: 'connect' })).toBe(1)
    expect(sum(there, 'libp2p_noise_xxhandshake_successes_total')).toBe(1)
    expect(sum(here, 'libp2p_tcp_inbound_connections')).toBe(1)
    expect(sum(here, 'libp2p_protocol_streams', { protocol: '/meshsub/1.2.0' })).toBeGreaterThan(0)
    expect(sum(here, 'gossipsub_peers')).toBe(1)
    expect(sum(here, 'gossipsub_mesh_peer_inclusions_total')).toBeGreaterThan(0)
    expect(sum(here, 'gossipsub_mesh_peer_removals_total', { reason: 'prune' })).toBe(0)
    expect(sum(here, 'gossipsub_peers_above_score_threshold', { threshold: 'graylist' })).toBe(1)
    expect(sum(here, 'gossipsub_score', { what: 'min' })).toBeGreaterThanOrEqual(0)
    expect(sum(here, 'gossipsub_heartbeat_duration_seconds_count')).toBeGreaterThan(0)
    // Nobody listens there.
    await alice.client.api.admin.peers.dial.mutate({ target: '127.0.0.1:2' }).catch(() => {})
    expect(sum(await alice.page(), 'libp2p_tcp_dialer_events_total', { event: 'error' })).toBeGreaterThan(0)
  })

  it('has what keeps a node going: log sync, store, queue, API, process', async () => {
    const page = await alice.page()
    for (const name of [
      ...['pmesh_sync_total', 'pmesh_dropped_batches_total', 'pmesh_store_messages', 'pmesh_disk_free_bytes'],
      ...['pmesh_queue_up', 'pmesh_jobs', 'pmesh_api_calls_total', 'pmesh_api_call_seconds'],
      ...['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'],
      ...['nodejs_gc_duration_seconds', 'libp2p_dial_queue_jobs', 'gossipsub_cache_entries'],
    ]) {
      expect(page.has(name), name).toBe(true)
    }
  })

  it('has names with units, words for each, and nothing that grows with the peers', async () => {
    const page = await alice.page()
    for (const [name, { type, lines }] of page) {
      const isOurs = /^(pmesh|libp2p|gossipsub)_/.test(name)
      if (isOurs) expect(name.endsWith('_total'), `${name} is a ${type}`).toBe(type === 'counter')
      for (const series of [...lines.values()].flat()) {
        const values = Object.values(series.labels)
        // The mean of no samples, of what Node measures since the last page.
        if (isOurs) expect(Number.isNaN(series.value), name).toBe(false)
        for (const secret of [alice.peerId, bob.peerId, bob.pastelId])
          expect(values, name).not.toContainEqual(expect.stringContaining(secret))
        if (name !== 'pmesh_build_info') expect(values).not.toContain(alice.pastelId)
      }
    }
    expect(page.size).toBeGreaterThan(120)
  })
})
