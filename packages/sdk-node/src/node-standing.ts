import type { ClockStatus } from './connection/clock-check.ts'
import type { CertificatePeriod } from './connection/own-certificate.ts'
import type { Superseded } from './connection/supersession.ts'

/** Whether others take what a node publishes. */
export interface NodeStanding {
  /** How the node's clock compares with its peers'. */
  readonly clock: ClockStatus
  /** When its certificate is good, and renewed; undefined: none was made yet. */
  readonly certificate: CertificatePeriod | undefined
  /** The node that has this node's PastelID now; undefined: this one. Started anew it has it again. */
  readonly superseded: Superseded | undefined
  /** How many messages `MeshNode.unshared` gives. */
  countUnshared(): Promise<number>
}
