import type { Libp2p } from '@libp2p/interface'
import { type Certificate, isTopicName } from '@pastel-mesh/protocol'
import type { CarriedTopics } from '../carried-topics.ts'
import { withoutPeerId } from './connect-target.ts'
import { RELAY_ROLE } from './relay-role.ts'

/** What a node's certificate says about it. */
export function describeNode(
  libp2p: Pick<Libp2p, 'getMultiaddrs'>,
  topics: Pick<CarriedTopics, 'own' | 'isRelay'>,
  { publicKey }: { readonly publicKey: Uint8Array },
): Pick<Certificate, 'addresses' | 'topics' | 'roles' | 'sealingKey'> {
  return {
    addresses: libp2p.getMultiaddrs().map((address) => withoutPeerId(address).bytes),
    topics: topics.own.filter(isTopicName),
    roles: topics.isRelay ? [RELAY_ROLE] : [],
    sealingKey: publicKey,
  }
}
