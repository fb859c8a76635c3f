import type { KeyRing } from '../key-ring.ts'
import type { Masternode, MasternodeNetwork } from '../masternode-network.ts'
import type { EmulatedChain } from '../options.ts'
import type { ReceivedMessages } from '../received-messages.ts'
import { RPC_MISC_ERROR, RpcError } from '../rpc-error.ts'

/** What a method works with: the core that it is called of. */
export interface MethodContext {
  readonly self: Masternode
  readonly network: MasternodeNetwork
  readonly messages: ReceivedMessages
  readonly keys: KeyRing
  readonly chain: EmulatedChain
}

/** @param params all of the call, what chose the method included */
export type Method = (params: readonly unknown[], context: MethodContext) => unknown

/** @throws RpcError as the core does of another type, and of what is missing */
export function textAt(params: readonly unknown[], index: number): string {
  const value = params[index]
  if (typeof value === 'string') return value
  throw new RpcError(RPC_MISC_ERROR, 'JSON value is not a string as expected')
}
