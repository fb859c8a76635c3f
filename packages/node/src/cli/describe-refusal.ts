import type { Refusal } from '@pastel-mesh/sdk-node'
import type { NodeStatus } from '../doctor/node-state.ts'
import { pmeshCommand } from '../pmesh-command.ts'

/** The node that a refusal is told to. */
export interface OwnNode {
  readonly dataDir: string
  readonly pastelId: string
  readonly network: string
  /** Whether the supernodes that the Pastel core lists are its members. @default false */
  readonly hasCoreMembers?: boolean
}

/** The node that a status is of; one of an older version does not speak of a core. */
export function ownNode(
  dataDir: string,
  { pastelId, network, pasteld }: Pick<NodeStatus, 'pastelId' | 'network' | 'pasteld'>,
): OwnNode {
  return { dataDir, pastelId, network, hasCoreMembers: pasteld?.isRegistry === true }
}

/** Which certificate was not accepted, why and by whom, and what the operator can do about it; one line. */
export function describeRefusal(refusal: Omit<Refusal, 'peerId'>, own: OwnNode): string {
  const { address, pastelId, reason, by } = refusal
  const line = `${pastelId ?? address}: ${reason} (by ${by === 'us' ? 'this node' : 'the other'})`
  const advice = adviceOn({ by, reason, who: pastelId ?? 'PASTELID' }, own)
  return advice === undefined ? line : `${line}: ${advice}`
}

function adviceOn(
  { by, reason, who }: { by: Refusal['by']; reason: string; who: string },
  { dataDir, pastelId, network, hasCoreMembers = false }: OwnNode,
): string | undefined {
  const isByUs = by === 'us'
  switch (reason) {
    case 'superseded':
      return isByUs
        ? 'another node with this PastelID started later, and only that one is let in'
        : "another node with this node's PastelID started later: nothing is published here until this node is started again; stop one of the two"
    case 'not-a-member':
      if (hasCoreMembers) {
        const status = pmeshCommand('pasteld status', dataDir)
        return isByUs
          ? `it is not ENABLED in this core's list: "${status}"`
          : `this node is no member there: its core's list must have this node's supernode as ENABLED ("${status}" shows what this core's has), or its operator add ${pastelId}`
      }
      return isByUs
        ? `to let it in: "${pmeshCommand(`members add ${who}`, dataDir)}"`
        : `this node is no member there: ask its operator for "pmesh members add ${pastelId}"`
    case 'denied':
      return isByUs
        ? `it is banned ("${pmeshCommand('bans', dataDir)}"), or broke the rules and is refused for a while`
        : 'its operator has banned this node, or it refuses this node for a while'
    case 'other-network':
      return `it belongs to another network, this node to ${network}: see "network" in both configurations`
    case 'from-the-future':
      return isByUs
        ? 'its clock is ahead of this one: set both by NTP'
        : "this node's clock is ahead of its own: set both by NTP"
    case 'expired':
      return isByUs
        ? 'its clock is behind this one: set both by NTP'
        : "this node's clock is behind its own: set both by NTP"
    case 'malformed':
      return 'the two ends do not understand each other: compare the versions of both'
    case 'too-many':
      return 'there are many connections at this moment: try again in a minute'
    case 'timeout':
    case 'failed':
      return 'the other end is no node, or hung up: see its log'
    default:
      return undefined
  }
}
