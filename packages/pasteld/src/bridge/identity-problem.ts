import type { PastelId } from '@pastel-mesh/identity'
import type { Supernode } from '../supernodes/supernode.ts'

/** Why a node cannot speak and hear as the supernode of its core; undefined: it can. */
export function identityProblem(local: Supernode, own: PastelId): Error | undefined {
  if (local.pastelId === own) return undefined
  const registered = local.pastelId === undefined ? 'no PastelID' : `the PastelID ${local.pastelId}`
  return new Error(
    `the core's masternode has registered ${registered}, and this node is ${own}: nothing goes through the core; ` +
      'make the node that PastelID, with pasteld.signer or identity, or register this one',
  )
}
