import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { Logger } from 'pino'
import { Seldom } from '../seldom.ts'
import { describeAlert } from './describe-alert.ts'
import { describeDisk } from './describe-disk.ts'
import { describeMembers } from './describe-members.ts'
import { describePruned } from './describe-pruned.ts'
import { describeRefusal } from './describe-refusal.ts'
import { describeClock, describeSuperseded } from './describe-standing.ts'
import { LostTally } from './lost-tally.ts'
import { RefusalTally } from './refusal-tally.ts'

/**
 * Logs what happens at a node; what repeats itself, seldom. Each line has the `event`, and fields for programs.
 * @param dataDir for the commands that a line advises
 * @param hasCoreMembers whether the supernodes that the Pastel core lists are the members
 */
export function tellEvents(node: MeshNode, logger: Logger, dataDir: string, hasCoreMembers = false): void {
  const seldom = new Seldom()
  const say = (kind: string, what: string) =>
    logger.warn({ event: kind === 'lost' ? 'lost' : 'too old' }, what)
  const lost = new LostTally({ dataDir }, { say })
  const own = { dataDir, pastelId: node.pastelId, network: node.network, hasCoreMembers }
  const refusals = new RefusalTally(
    {},
    {
      isMember: (pastelId) => node.registry.memberAt(pastelId, Date.now()) !== undefined,
      say: (refusal) => logger.warn({ event: 'refused', ...refusal }, describeRefusal(refusal, own)),
      sayMore: (count) => logger.warn({ event: 'refused', count }, `${count} more, of strangers`),
    },
  )
  node.addEventListener('connected', ({ detail: { pastelId, address, direction } }) =>
    logger.info({ event: 'connected', pastelId, address, direction }, `${pastelId}  ${address}`),
  )
  node.addEventListener('disconnected', ({ detail: { pastelId } }) =>
    logger.info({ event: 'disconnected', pastelId }, pastelId),
  )
  node.addEventListener('refused', ({ detail }) => refusals.add(detail))
  node.addEventListener('runsTwice', ({ detail: { pastelId, address } }) => {
    if (!seldom.isDue(`twice ${pastelId}`)) return
    logger.warn({ event: 'runs twice', pastelId, address }, describeTwice(pastelId, address))
  })
  node.addEventListener('unreachable', ({ detail: { address, reason } }) =>
    logger.warn({ event: 'unreachable', address, reason }, `${address}: ${reason}; the node goes on trying`),
  )
  node.addEventListener('relayFull', ({ detail: { topic, pastelId } }) => {
    const what = pastelId === undefined ? 'is announced' : `${pastelId} announces`
    const most = pastelId === undefined ? '256 topics at most' : '32 topics of one member at most'
    logger.warn(
      { event: 'relay full', topic, pastelId },
      `${topic}, and whatever else ${what} now: it carries ${most}`,
    )
  })
  node.addEventListener('disk', ({ detail }) =>
    logger.warn({ event: 'disk', disk: detail }, describeDisk(detail)),
  )
  node.addEventListener('members', ({ detail }) => {
    for (const line of describeMembers(detail)) logger.info({ event: 'members' }, line)
  })
  node.addEventListener('clock', ({ detail }) =>
    logger.warn({ event: 'clock', clock: detail }, describeClock(detail)),
  )
  node.addEventListener('superseded', ({ detail }) =>
    logger.error({ event: 'superseded', superseded: detail }, describeSuperseded(detail, dataDir)),
  )
  node.addEventListener('alert', ({ detail }) => {
    if (!seldom.isDue(`alert ${detail.kind} ${detail.sender}`)) return
    logger.warn({ event: 'alert', alert: detail }, describeAlert(detail))
  })
  node.addEventListener('lost', ({ detail }) => lost.add(detail))
  node.addEventListener('pruned', ({ detail }) =>
    logger.info({ event: 'pruned', ...detail }, describePruned(detail)),
  )
  node.addEventListener('stop', () => {
    lost.flush()
    refusals.flush()
  })
}

function describeTwice(pastelId: string, address: string): string {
  return `${pastelId}: two nodes take turns with one node key, now the one at ${address}: a copy of its folder runs, or its clock was set back; nothing is lost, it takes longer; tell its operator`
}
