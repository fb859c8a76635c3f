import type { OptionValues } from 'commander'
import { findDataDir, loadConfig } from '../config/load-config.ts'
import { askNode, type NodeState, type NodeStatus } from '../doctor/node-state.ts'
import { runningConfig } from '../doctor/running-config.ts'
import type { CoreAnswer } from '../pasteld/core-facts.ts'
import { type PastelProblem, pastelProblems } from '../pasteld/core-problems.ts'
import { ownPastelId } from '../pasteld/own-pastel-id.ts'
import { placesOf } from './config-options.ts'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeAgo, describeCount } from './terminal/figures.ts'
import { paint } from './terminal/paint.ts'

/** What a core that works answers in, many times over. */
const ASK_MS = 10_000

type NodePart = NonNullable<NodeStatus['pasteld']>

/** How it stands with the Pastel core: asked itself, and what the node says if one runs. @returns the exit code */
export async function showPasteldStatus(options: OptionValues): Promise<number> {
  const places = placesOf(options)
  const dataDir = findDataDir(places)
  const [loaded, node] = await Promise.all([loadConfig(places), askNode(dataDir)])
  for (const warning of loaded.warnings) warn(warning)
  const running =
    node.kind === 'running' && node.keys !== undefined ? runningConfig(dataDir, node.keys) : undefined
  const config = running ?? loaded.config
  const { pasteld } = config
  if (pasteld === undefined) {
    if (options.json === true) print(json({ core: null, node: null, problems: [] }, 2))
    else warn('no Pastel core is configured: set pasteld.conf, in pmesh.yaml or with --pasteld-conf default')
    return 1
  }
  // Only now: it takes all of libp2p with it.
  const { askCore } = await import('../pasteld/core-facts.ts')
  const core = await askCore(pasteld, AbortSignal.timeout(ASK_MS))
  const status = node.kind === 'running' ? node.status : undefined
  const own = status === undefined ? await ownPastelId(config) : undefined
  const problems = [...pastelProblems(pasteld, core, status, own), ...silence(node)]
  if (options.json === true) {
    const shown = status === undefined ? null : { pastelId: status.pastelId, pasteld: status.pasteld }
    print(json({ core: core.kind === 'answered' ? core.facts : null, node: shown, problems }, 2))
  } else print(describe(core, status, problems))
  return problems.some(({ state }) => state === 'failed') ? 1 : 0
}

function silence(node: NodeState): PastelProblem[] {
  if (node.kind !== 'silent') return []
  return [
    { state: 'warning', message: `the node was not asked: ${node.reason}`, advice: 'see "pmesh doctor"' },
  ]
}

function describe(
  core: CoreAnswer,
  status: NodeStatus | undefined,
  problems: readonly PastelProblem[],
): string {
  const own = status?.pasteld ?? undefined
  const sections: [string, Cell[][]][] = [
    ['Core', coreRows(core)],
    ['Supernodes', listRows(core, own)],
    ['Node', nodeRows(status)],
    ['Bridge', bridgeRows(own?.bridge ?? undefined)],
    ['Problems', problems.map(problemRow)],
  ]
  return sections
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => `${paint('heading', name)}\n${columns(rows, { indent: '  ' })}`)
    .join('\n\n')
}

function coreRows(core: CoreAnswer): Cell[][] {
  if (core.kind === 'trouble') return [['answers', { text: 'no', tone: 'bad' }]]
  const { url, chain, version, blocks, headers, connections, masternode, noMasternode } = core.facts
  const height =
    headers === undefined ? describeCount(blocks) : `${describeCount(blocks)} of ${describeCount(headers)}`
  return [
    ['answers', { text: `yes, at ${url}`, tone: 'good' }],
    ['version', `${version}, ${chain}, ${counted(connections, 'connection')}`],
    ['blocks', height],
    ...(masternode === undefined
      ? [['supernode', { text: `no: ${noMasternode}`, tone: 'caution' }] satisfies Cell[]]
      : [
          [
            'supernode',
            `${masternode.outpoint}: ${masternode.listed ?? 'not listed'} in the list; ${masternode.status}`,
          ],
          ['PastelID', masternode.pastelId || { text: 'none is registered', tone: 'caution' as const }],
        ]),
  ]
}

function listRows(core: CoreAnswer, own: NodePart | undefined): Cell[][] {
  const byStatus = core.kind === 'answered' ? core.facts.byStatus : own?.list.byStatus
  if (byStatus === undefined) return []
  const counts = Object.entries(byStatus).map(([status, count]) => `${status} ${describeCount(count)}`)
  return [
    ['listed', counts.sort().join(', ') || 'none'],
    ...(own === undefined
      ? []
      : [
          ['list read', own.list.readAtMs === null ? 'never' : describeAgo(own.list.readAtMs)],
          ['on the mesh', describeCount(own.onMesh)],
          ['only through their cores', describeCount(own.onlyPasteld)],
        ]),
  ]
}

function nodeRows(status: NodeStatus | undefined): Cell[][] {
  if (status === undefined) return [['runs', { text: 'no', tone: 'quiet' }]]
  const { pastelId, pasteld } = status
  if (pasteld == null) return [['PastelID', pastelId]]
  return [
    ['PastelID', pastelId],
    ['key', pasteld.signer === 'core' ? 'in the core, which signs' : 'in the data folder'],
    ['members', pasteld.isRegistry ? 'the supernodes' : 'not by the core'],
  ]
}

function bridgeRows(bridge: NodePart['bridge'] | undefined): Cell[][] {
  if (bridge == null) return []
  const { takenIn, deferred, handedOver, uncertain, failed, refused, polledAtMs } = bridge
  const reasons = Object.entries(refused).filter(([, count]) => count > 0)
  return [
    ['taken in', counted(takenIn, 'message')],
    [
      'refused',
      reasons.map(([reason, count]) => `${reason} ${describeCount(count)}`).join(', ') || 'nothing',
    ],
    ...(deferred === 0
      ? []
      : [['deferred', `${counted(deferred, 'message')}: their senders sent too many; they come later`]]),
    ['handed over', counted(handedOver, 'message')],
    [
      'uncertain',
      uncertain === 0 ? 'nothing' : `${counted(uncertain, 'message')}: nobody can say whether they were sent`,
    ],
    ...(failed === 0 ? [] : [['failed', `${counted(failed, 'attempt')}, made again`]]),
    ['looked', polledAtMs === undefined ? 'not yet' : describeAgo(polledAtMs)],
  ]
}

function problemRow({ state, message, advice }: PastelProblem): Cell[] {
  return [{ text: state, tone: state === 'failed' ? 'bad' : 'caution' }, `${message} → ${advice}`]
}
