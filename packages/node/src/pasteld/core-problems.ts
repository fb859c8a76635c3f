import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import type { NodeStatus } from '../doctor/node-state.ts'
import type { CoreAnswer } from './core-facts.ts'

/** What is not as it should be, and what to do. */
export interface PastelProblem {
  /** `failed`: something that is wanted does not work. */
  readonly state: 'warning' | 'failed'
  readonly message: string
  readonly advice: string
}

/** Blocks come every two and a half minutes; some behind is a core that has just heard of them. */
const BEHIND_BLOCKS = 3

/** What is wrong between a node and its core. @param status of the node; undefined: none runs */
export function pastelProblems(
  config: CheckedPasteld,
  core: CoreAnswer,
  status: Pick<NodeStatus, 'pasteld' | 'pastelId'> | undefined,
): PastelProblem[] {
  return [
    ...(core.kind === 'trouble'
      ? [{ state: 'failed' as const, message: core.trouble.message, advice: core.trouble.advice }]
      : coreProblems(config, core.facts, status?.pastelId ?? config.signer)),
    ...(status === undefined ? [] : nodeProblems(status)),
  ]
}

type Facts = Extract<CoreAnswer, { kind: 'answered' }>['facts']

function coreProblems(
  { signer, bridge }: CheckedPasteld,
  facts: Facts,
  pastelId: string | undefined,
): PastelProblem[] {
  const { blocks, headers, errors, masternode, noMasternode, keys, warnings } = facts
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
  if (masternode === undefined) {
    if (bridge === undefined) return found
    const message = `the core is no supernode (${noMasternode}): nothing can be sent or received through it`
    const advice = 'start it as one, or set pasteld.bridge.enabled: no'
    return [...found, { state: 'failed', message, advice }]
  }
  if (pastelId !== undefined && bridge !== undefined && masternode.pastelId !== pastelId) {
    const registered = masternode.pastelId === '' ? 'no PastelID' : masternode.pastelId
    const message = `the node is ${pastelId}, and its core's supernode has registered ${registered}: others cannot verify what it sends through the core, nor is theirs for it`
    const advice = 'make the node that PastelID, with pasteld.signer or identity, or register this one'
    found.push({ state: 'failed', message, advice })
  }
  return found
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
