import type { MeshAlert, PeerInfo } from '@pastel-mesh/sdk-node'
import { table } from '../table.ts'
import { describeAlert } from './describe-alert.ts'
import { describeBytes } from './describe-bytes.ts'
import { describeDisk } from './describe-disk.ts'
import { json, print, printable } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { withClient } from './with-client.ts'

/** Alerts that are shown, the newest: one a log, they may be many. */
const MAX_ALERTS = 20

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
    ['kept', describeKept(status.store)],
    ['held', describeHeld(status.store)],
    ['disk', describeDisk(status.disk)],
    ['published', `${counters.published.messages} messages in ${counters.published.batches} batches`],
    ['received', `${counters.received.messages} messages in ${counters.received.batches} batches`],
    ['dropped', dropped.map(([reason, count]) => `${reason} ${count}`).join(', ') || 'nothing'],
    ...status.alerts.slice(0, MAX_ALERTS).map((alert) => ['alert', describeDated(alert)]),
    ...(status.alerts.length > MAX_ALERTS
      ? [['alerts', `${status.alerts.length - MAX_ALERTS} older ones: "pmesh status --json" shows all`]]
      : []),
    ...status.topics.map(({ topic, peers }) => [
      'topic',
      `${topic} (${peers} ${peers === 1 ? 'peer' : 'peers'})`,
    ]),
    ...status.peers.map((peer) => ['peer', describePeer(peer)]),
    ...(status.peers.length === 0 ? [['peers', 'none']] : []),
  ]
  print(table(rows.map((row) => row.map(printable))))
}

function describeDated(alert: MeshAlert): string {
  return `${new Date(alert.atMs).toISOString()}  ${describeAlert(alert)}`
}

function describeKept({ storedBytes, floor }: { storedBytes: number; floor: number }): string {
  const removed = floor === 0 ? '' : `; of those before position ${floor} some were removed`
  return `${describeBytes(storedBytes)}${removed}`
}

function describeHeld({ heldBatches, heldBytes }: { heldBatches: number; heldBytes: number }): string {
  if (heldBatches === 0) return 'nothing'
  const batches = `${heldBatches} ${heldBatches === 1 ? 'batch' : 'batches'}`
  return `${batches}, ${describeBytes(heldBytes)}, until what is before them has come or is given up`
}

function describePeer(peer: PeerInfo): string {
  const { pastelId, address, direction } = peer
  return [pastelId, address, direction, describeRoundTrip(peer)].join('  ').trimEnd()
}
