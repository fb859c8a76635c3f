import type { PeerInfo } from '@pastel-mesh/sdk-node'
import { table } from '../table.ts'
import { describeDisk } from './describe-disk.ts'
import { json, print, printable } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { withClient } from './with-client.ts'

export async function showStatus(dataDir: string, asJson: boolean): Promise<void> {
  const status = await withClient(dataDir, (api) => api.admin.status.query())
  if (asJson) return print(json(status, 2))
  const { counters } = status
  const dropped = Object.entries(counters.dropped).filter(([, count]) => count > 0)
  const rows = [
    ['PastelID', status.pastelId],
    ['network', status.network],
    ['version', `${status.version}, process ${status.pid}`],
    ['running since', new Date(status.startedAtMs).toISOString()],
    ...status.addresses.map((address) => ['listening on', address]),
    ['stored', `${status.store.messages} messages`],
    ['disk', describeDisk(status.disk)],
    ['published', `${counters.published.messages} messages in ${counters.published.batches} batches`],
    ['received', `${counters.received.messages} messages in ${counters.received.batches} batches`],
    ['dropped', dropped.map(([reason, count]) => `${reason} ${count}`).join(', ') || 'nothing'],
    ...status.topics.map(({ topic, peers }) => [
      'topic',
      `${topic} (${peers} ${peers === 1 ? 'peer' : 'peers'})`,
    ]),
    ...status.peers.map((peer) => ['peer', describePeer(peer)]),
    ...(status.peers.length === 0 ? [['peers', 'none']] : []),
  ]
  print(table(rows.map((row) => row.map(printable))))
}

function describePeer(peer: PeerInfo): string {
  const { pastelId, address, direction } = peer
  return [pastelId, address, direction, describeRoundTrip(peer)].join('  ').trimEnd()
}
