import type { Connection } from '@libp2p/interface'
import type { PastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'

/** What a node knows of a peer that it accepted. */
export interface CertifiedPeer {
  readonly peerId: string
  readonly pastelId: PastelId
  readonly certificate: Certificate
  readonly connection: Connection
}

/** A certificate that was not accepted, by this node or by the other. */
export interface Refusal {
  readonly peerId: string
  readonly address: string
  /** Whose certificate it was, if it was good but for what `reason` says. */
  readonly pastelId?: PastelId
  readonly by: 'us' | 'them'
  /**
   * `malformed`, `other-network`, `other-key`, `superseded`, `from-the-future`, `expired`, `not-a-member`,
   * `denied`, `timeout`, `too-many`, `failed`
   */
  readonly reason: string
}
