import type { BootstrapState, BootstrapStatus, PeerInfo } from '@pastel-mesh/sdk-node'
import type { RecentRefusal } from '@pastel-mesh/sdk-server'
import type { ControlClient } from '../control-client.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { describeAlert } from './describe-alert.ts'
import { bindingRows } from './describe-bindings.ts'
import { describeBytes } from './describe-bytes.ts'
import { describeDisk } from './describe-disk.ts'
import { pastelRows } from './describe-pastel.ts'
import { pluginRows } from './describe-plugins.ts'
import { onceRows, queueRows } from './describe-queue.ts'
import { describeRefusal, type OwnNode, ownNode } from './describe-refusal.ts'
import { describeClock, describeSuperseded } from './describe-standing.ts'
import { json, print } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeAgo, describeCount, describeTime } from './terminal/figures.ts'
import { paint, type Tone } from './terminal/paint.ts'
import { shownId } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

/** Alerts that are shown, the newest: one a log, they may be many. */
const MAX_ALERTS = 20

/** Sections that are not shown where they have nothing. */
const IF_ANY: readonly string[] = [
  'Plugins',
  'Pastel',
  'Bootstrap addresses',
  'Refused connections',
  'Alerts',
]

type Status = Awaited<ReturnType<ControlClient['api']['admin']['status']['query']>>

export async function showStatus(dataDir: string, asJson: boolean): Promise<void> {
  const status = await withClient(dataDir, (api) => api.admin.status.query())
  print(asJson ? json(status, 2) : describeStatus(status, dataDir))
}

/** What a node says of itself, for reading. */
export function describeStatus(status: Status, dataDir: string): string {
  const own = ownNode(dataDir, status)
  const sections: [string, Cell[][]][] = [
    ['Node', nodeRows(status, dataDir)],
    ['Storage', storageRows(status)],
    ['Direct messages', directRows(status)],
    [
      'Jobs',
      [
        ...queueRows(status.queue, dataDir),
        ...bindingRows(status.bindings),
        ...onceRows(status.once, dataDir),
      ],
    ],
    ['Plugins', pluginRows(status.plugins)],
    ['Pastel', pastelRows(status, dataDir)],
    ['Traffic', trafficRows(status)],
    [
      'Topics',
      status.topics.map(({ topic, peers }) => [{ text: topic, tone: 'name' }, counted(peers, 'peer')]),
    ],
    ['Peers', status.peers.map(peerRow)],
    ['Bootstrap addresses', status.bootstrap.map((one) => bootstrapRow(one, own))],
    ['Refused connections', status.refusals.map((one) => refusalRow(one, own))],
    ['Alerts', alertRows(status, dataDir)],
  ]
  return (
    sections
      // That nothing is wrong is nothing to tell.
      .filter(([name, rows]) => rows.length > 0 || !IF_ANY.includes(name))
      .map(([name, rows]) => {
        const body = columns(rows.length > 0 ? rows : [[{ text: 'none', tone: 'quiet' }]], { indent: '  ' })
        return `${paint('heading', name)}\n${body}`
      })
      .join('\n\n')
  )
}

function nodeRows(status: Status, dataDir: string): Cell[][] {
  return [
    ['PastelID', status.pastelId],
    ['network', status.network],
    ['version', `${status.version}, process ${status.pid}`],
    ['running since', describeTime(status.startedAtMs)],
    ...(status.drainingSinceMs === null
      ? []
      : [
          [
            'draining',
            { text: `since ${describeTime(status.drainingSinceMs)}: it takes no more`, tone: 'caution' },
          ] satisfies Cell[],
        ]),
    ...status.addresses.map((address) => ['listening on', address]),
    ...(status.relay ? [['relay', 'carries every topic that a node of the network announces']] : []),
    ['known nodes', String(status.knownNodes)],
    ...(status.bans === 0
      ? []
      : [['bans', `${counted(status.bans, 'ban')}: "${pmeshCommand('bans', dataDir)}"`]]),
    ...apiRows(status.api),
    ...standingRows(status.standing, dataDir),
  ]
}

/** The API by HTTP, and the metrics; no row where they are not served. */
function apiRows({ urls, metricsUrl, sessions, followers }: Status['api']): Cell[][] {
  return [
    ...urls.map((url) => ['API', url]),
    ...(urls.length === 0
      ? []
      : [['used by', `${counted(sessions, 'session')}, ${counted(followers, 'follower')}`]]),
    ...(metricsUrl === undefined ? [] : [['metrics', `${metricsUrl}/metrics`]]),
  ]
}

/** What keeps others from taking what this node publishes. */
function standingRows({ clock, superseded }: Status['standing'], dataDir: string): Cell[][] {
  return [
    ...(superseded === undefined
      ? []
      : [['superseded', { text: describeSuperseded(superseded, dataDir), tone: 'bad' }] satisfies Cell[]]),
    ...(clock.state === 'ok'
      ? []
      : [['clock', { text: describeClock(clock), tone: 'bad' }] satisfies Cell[]]),
  ]
}

function storageRows({ store, disk }: Status): Cell[][] {
  const disked = describeDisk(disk)
  return [
    ['stored', describeStored(store)],
    ['taken in', `${counted(store.messages, 'message')} since its first start`],
    ['held', describeHeld(store)],
    ['disk', disk.state === 'ok' ? disked : { text: disked, tone: 'bad' }],
  ]
}

function directRows({ direct: { received, undelivered, outbox, waiting, carried } }: Status): Cell[][] {
  const amount = ({ batches, bytes }: { batches: number; bytes: number }, what: string) =>
    batches === 0 ? 'nothing' : `${counted(batches, 'batch', 'batches')}, ${describeBytes(bytes)}, ${what}`
  return [
    ['inbox', `${counted(received, 'message')} since its first start`],
    ['undelivered', amount(undelivered, 'sent by this node and not delivered yet')],
    ...(outbox.usedBytes * 10 < outbox.maxBytes * 8
      ? []
      : [['outbox', { text: describeOutbox(outbox), tone: 'bad' }] satisfies Cell[]]),
    [
      'waiting',
      waiting === 0
        ? 'nothing'
        : `${counted(waiting, 'message')} to members who have shown no certificate yet`,
    ],
    ['mailbox', amount(carried, 'kept for others')],
  ]
}

function describeOutbox({ usedBytes, maxBytes }: Status['direct']['outbox']): string {
  return `${describeBytes(usedBytes)} of ${describeBytes(maxBytes)} (outbox.maxSize): above it nothing is sent until some is delivered or expires`
}

function trafficRows({
  counters: { published, received, dropped, sync, direct, receipts },
}: Status): Cell[][] {
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0)
  return [
    ['published', describeTraffic(published)],
    ['received', describeTraffic(received)],
    [
      'dropped',
      reasons.map(([reason, count]) => `${reason} ${describeCount(count)}`).join(', ') || 'nothing',
    ],
    ...(sync.refused + sync.timeouts === 0 ? [] : [['log sync', describeSync(sync)]]),
    ...rowOfCounts('direct', [
      [direct.refused.frames, 'questions that could not be read'],
      [direct.refused.contents, 'with wrong batches or receipts'],
      [direct.refused.answers, 'wrong answers'],
      [direct.timeouts, 'no answer in time'],
    ]),
    ...rowOfCounts('receipts', [
      [receipts.refused, 'refused'],
      [receipts.superseded, 'signed by a node key that another had superseded'],
    ]),
  ]
}

/** What was counted; no row if nothing was. */
function rowOfCounts(name: string, counts: readonly (readonly [count: number, what: string])[]): Cell[][] {
  const some = counts.filter(([count]) => count > 0)
  if (some.length === 0) return []
  return [[name, some.map(([count, what]) => `${describeCount(count)} ${what}`).join(', ')]]
}

function describeSync({ refused, timeouts }: Status['counters']['sync']): string {
  return `peers left alone for a while: ${describeCount(refused)} broke the rules, ${describeCount(timeouts)} did not answer`
}

function alertRows({ alerts }: Status, dataDir: string): Cell[][] {
  const older = alerts.length - MAX_ALERTS
  const all = pmeshCommand('alerts', dataDir)
  const aside = pmeshCommand('alerts dismiss NUMBER', dataDir)
  return [
    ...alerts.slice(0, MAX_ALERTS).map(alertRow),
    ...(older > 0 ? [['', '', `${describeCount(older)} older: "${all}" shows all`]] : []),
    ...(alerts.length > 0 ? [['', '', { text: `"${aside}" puts one aside`, tone: 'quiet' } as const]] : []),
  ]
}

/** An alert with its number. */
export function alertRow(alert: Status['alerts'][number]): Cell[] {
  return [
    String(alert.number),
    { text: new Date(alert.atMs).toISOString(), tone: 'quiet' },
    { text: describeAlert(alert), tone: alert.dismissedAtMs === undefined ? 'caution' : 'quiet' },
  ]
}

const BOOTSTRAP: Record<BootstrapState, Tone> = {
  connected: 'good',
  trying: 'quiet',
  failing: 'bad',
  'left-alone': 'caution',
}

function bootstrapRow(
  { address, state, reason, refusal, failedAtMs }: BootstrapStatus,
  own: OwnNode,
): Cell[] {
  const why = refusal === undefined ? reason : describeRefusal(refusal, own)
  const when = failedAtMs === undefined ? '' : `, ${describeAgo(failedAtMs)}; it is tried again and again`
  return [address, { text: state, tone: BOOTSTRAP[state] }, why === undefined ? '' : `${why}${when}`]
}

function refusalRow(refusal: RecentRefusal, own: OwnNode): Cell[] {
  const { atMs, count } = refusal
  const often = count === 1 ? '' : `; ${counted(count, 'time')}`
  return [
    { text: describeTime(atMs), tone: 'quiet' },
    { text: `${describeRefusal(refusal, own)}${often}`, tone: 'caution' },
  ]
}

function peerRow(peer: PeerInfo): Cell[] {
  return [shownId(peer.pastelId), peer.address, peer.direction, describeRoundTrip(peer)]
}

function describeTraffic({ messages, batches }: { messages: number; batches: number }): string {
  return `${counted(messages, 'message')} in ${counted(batches, 'batch', 'batches')}`
}

function describeStored({ storedMessages, storedBytes, floor }: Status['store']): string {
  const removed = floor === 0 ? '' : `; of those before position ${describeCount(floor)} some were removed`
  return `${counted(storedMessages, 'message')}, ${describeBytes(storedBytes)}${removed}`
}

function describeHeld({ heldBatches, heldBytes }: Status['store']): string {
  if (heldBatches === 0) return 'nothing'
  const batches = counted(heldBatches, 'batch', 'batches')
  return `${batches}, ${describeBytes(heldBytes)}, until what is before them has come or is given up`
}
