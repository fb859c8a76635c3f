import { RPC_METHOD_NOT_FOUND, RpcError } from '../rpc-error.ts'
import { chainMethods } from './chain.ts'
import { masternodeMethods } from './masternode.ts'
import { masternodeListMethods } from './masternode-list.ts'
import type { Method } from './method.ts'
import { pastelIdMethods } from './pastelid.ts'

const METHODS = new Map(
  Object.entries({ ...chainMethods, ...masternodeMethods, ...masternodeListMethods, ...pastelIdMethods }),
)

/** What calls of no method are counted under: their names are anybody's text. */
export const UNKNOWN = 'unknown'

const unknown: Method = () => {
  throw new RpcError(RPC_METHOD_NOT_FOUND, 'Method not found')
}

/** The method that a name and the first parameters choose: `masternode`, `message`, `send`. */
export function resolveMethod(
  method: string,
  params: readonly unknown[],
): { readonly name: string; readonly call: Method } {
  const words = [method, ...params.slice(0, 2).filter((word) => typeof word === 'string')]
  for (let count = words.length; count > 0; count -= 1) {
    const name = words.slice(0, count).join(' ')
    const call = METHODS.get(name)
    if (call !== undefined) return { name, call }
  }
  return { name: UNKNOWN, call: unknown }
}
