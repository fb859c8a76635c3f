import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Connections that others opened and that have no accepted certificate yet, at a time. */
export const MAX_UNCERTIFIED = 32

interface Waiting {
  readonly connection: { readonly remoteAddr: Multiaddr }
}

/**
 * Which of the connections that wait for their certificates has to go so that no more than MAX_UNCERTIFIED do:
 * the oldest of the host that has most of them. Newcomers are let in, for a node needs far less than its share of
 * the pool's time, and silent connections are as old as they can be: whoever fills the pool crowds itself out.
 * @param waiting from the oldest to the newest
 */
export function crowdedOut<T extends Waiting>(waiting: readonly T[]): T | undefined {
  if (waiting.length <= MAX_UNCERTIFIED) return undefined
  const hosts = Map.groupBy(waiting, ({ connection }) => hostOf(connection.remoteAddr))
  let most: readonly T[] = []
  for (const ofHost of hosts.values()) if (ofHost.length > most.length) most = ofHost
  return most[0]
}

function hostOf(address: Multiaddr): string {
  return isNetworkAddress(address) ? getNetConfig(address).host : address.toString()
}
