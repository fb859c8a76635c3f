import type { Libp2p } from '@libp2p/interface'
import { type Certificate, isTopicName } from '@pastel-mesh/protocol'
import { withoutPeerId } from './connect-target.ts'

/** What a node's certificate says about it. */
export function describeNode(
  libp2p: Pick<Libp2p, 'getMultiaddrs'>,
  topics: readonly string[],
): Pick<Certificate, 'addresses' | 'topics' | 'roles'> {
  return {
    addresses: libp2p.getMultiaddrs().map((address) => withoutPeerId(address).bytes),
    topics: topics.filter(isTopicName),
    roles: [],
  }
}
