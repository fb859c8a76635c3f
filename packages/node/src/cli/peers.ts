import { pmeshCommand } from '../pmesh-command.ts'
import { json, print, warn } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeSpan } from './terminal/figures.ts'
import { screenWidth, shownId } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

const HEADINGS = ['PASTELID', 'DIRECTION', 'FOR', 'ROUND TRIP', 'ADDRESS', 'TOPICS']

/** Shows the peers that are connected, those longest there first. */
export async function showPeers(dataDir: string, asJson: boolean): Promise<void> {
  const status = await withClient(dataDir, (api) => api.admin.status.query())
  const peers = [...status.peers].sort((a, b) => a.connectedAtMs - b.connectedAtMs)
  if (asJson) return print(json(peers, 2))
  if (peers.length === 0) {
    return warn(`no peers are connected: "${pmeshCommand('connect ADDRESS:PORT', dataDir)}" connects to one`)
  }
  const now = Date.now()
  const rows = peers.map((peer): Cell[] => [
    shownId(peer.pastelId),
    peer.direction,
    describeSpan(now - peer.connectedAtMs),
    describeRoundTrip(peer) || '-',
    peer.address,
    peer.topics.join(', ') || '-',
  ])
  print(columns([HEADINGS.map((text) => ({ text, tone: 'heading' })), ...rows], { width: screenWidth() }))
}
