import type { PastelId } from '@pastel-mesh/identity'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import type { NodeStatus } from '../doctor/node-state.ts'
import type { CoreAnswer, CoreTrouble } from './core-facts.ts'

/** What is not as it should be, and what to do. */
export interface PastelProblem {
  /** `failed`: something that is wanted does not work. */
  readonly state: 'warning' | 'failed'
  readonly message: string
  readonly advice: string
}

/** Of a node whose key is in a core that does not answer. */
export const CANNOT_SIGN = 'cannot sign: nothing can be published'

/** Blocks come every two and a half minutes; some behind is a core that has just heard of them. */
const BEHIND_BLOCKS = 3

/**
 * What is wrong between a node and its core.
 * @param status of the node; undefined: none runs
 * @param own what a start would be; undefined: nobody knows
 */
export function pastelProblems(
  config: CheckedPasteld,
  core: CoreAnswer,
  status: Pick<NodeStatus, 'pasteld' | 'pastelId'> | undefined,
  own: PastelId | 'new' | undefined = config.signer,
): PastelProblem[] {
  return [
    ...(core.kind === 'trouble'
      ? troubleProblems(config, core.trouble, status)
      : coreProblems(config, core.facts, status?.pastelId ?? own)),
    ...(status === undefined ? [] : nodeProblems(status)),
  ]
}

function troubleProblems(
  { signer }: CheckedPasteld,
  { message, advice }: CoreTrouble,
  status: Pick<NodeStatus, 'pasteld'> | undefined,
): PastelProblem[] {
  const inCore = status?.pasteld == null ? signer !== undefined : status.pasteld.signer === 'core'
  return [
    { state: 'failed', message, advice },
    ...(inCore ? [{ state: 'failed' as const, message: CANNOT_SIGN, advice: 'bring the core back' }] : []),
  ]
}

type Facts = Extract<CoreAnswer, { kind: 'answered' }>['facts']

function coreProblems(
  { signer, bridge, statuses }: CheckedPasteld,
  facts: Facts,
  pastelId: string | undefined,
): PastelProblem[] {
  const { blocks, headers, errors, masternode, noMasternode, noSignature, keys, warnings } = facts
  const found: PastelProblem[] = warnings.map((message) => ({
    state: 'warning',
    message,
    advice: 'do as it says',
  }))
  if (headers !== undefined && headers - blocks > BEHIND_BLOCKS) {
    const message = `the core is not synchronised: it has ${blocks} of ${headers} blocks`
    found.push({
      state: 'warning',
      message,
      advice: 'wait until it has them: its lists may be old until then',
    })
  }
  if (errors !== '') {
    found.push({ state: 'warning', message: `the core warns: ${errors}`, advice: 'see to what it says' })
  }
  if (signer !== undefined && !keys.includes(signer)) {
    const message = `the core has no key of ${signer}, which pasteld.signer names`
    found.push({
      state: 'failed',
      message,
      advice: 'name one of "pastel-cli pastelid list", or bring its key',
    })
  }
  if (noSignature !== undefined) {
    found.push({
      state: 'failed',
      message: noSignature.message,
      advice: 'put the passphrase of the key into the file that pasteld.passphraseFile names',
    })
  }
  if (masternode === undefined) {
    if (bridge === undefined) return found
    const message = `the core is no supernode (${noMasternode}): nothing can be sent or received through it`
    const advice = 'start it as one, or set pasteld.bridge.enabled: no'
    return [...found, { state: 'failed', message, advice }]
  }
  const { listed, pastelId: registered } = masternode
  if (listed === undefined || !statuses.includes(listed)) {
    found.push({
      state: 'failed',
      message: `this supernode is ${listed === undefined ? 'not' : listed} in the list: the others do not take it for a member`,
      advice: 'see "pastel-cli masternode status" and the log of the core; start the masternode anew',
    })
  }
  if (pastelId !== undefined && registered !== pastelId) {
    const state = bridge === undefined ? 'warning' : 'failed'
    found.push({ state, message: otherPastelId(pastelId, registered), advice: OTHER_PASTELID_ADVICE })
  }
  return found
}

const OTHER_PASTELID_ADVICE =
  'make the node that PastelID, with pasteld.signer or "pmesh id import" and identity, or register this one'

/** A node that is another PastelID than its core's supernode. @param registered empty: none */
export function otherPastelId(pastelId: string, registered: string): string {
  const who =
    pastelId === 'new' ? 'has no PastelID yet, and its first start makes a new one' : `is ${pastelId}`
  return `the node ${who}, and its core's supernode has registered ${registered || 'no PastelID'}: others do not take it for that supernode, cannot verify what it sends through the core, nor is theirs for it`
}

function nodeProblems({ pasteld }: Pick<NodeStatus, 'pasteld'>): PastelProblem[] {
  if (pasteld == null) {
    const message = 'the node that runs was started without the Pastel core'
    return [{ state: 'failed', message, advice: 'start it anew' }]
  }
  const { list, bridge } = pasteld
  const found: PastelProblem[] = []
  if (list.isRefused) {
    found.push({
      state: 'failed',
      message: 'the last list of supernodes is too old, or there is none: none of them is a member',
      advice: 'see to the core; the node reads the list again by itself',
    })
  }
  if (list.problem !== null) {
    found.push({
      state: 'warning',
      message: `the node cannot renew the list of supernodes: ${list.problem.message}`,
      advice: 'see to the core; the node reads the list again by itself',
    })
  }
  if (bridge?.problem !== undefined) {
    found.push({
      state: 'warning',
      message: `something is in the way of the bridge: ${bridge.problem.message}`,
      advice: 'see to the core; the bridge goes on by itself',
    })
  }
  return found
}
