import type { Certificate } from '@pastel-mesh/protocol'

/** Hears what peers show in the exchange of certificates beside their verdicts. */
export interface ExchangeWitness {
  /**
   * A peer showed its certificate, with good signatures; accepted or not.
   * @param peerEpochMs what its clock showed, see `peerEpochMs`
   */
  shown(certificate: Certificate, peerEpochMs: number): void
  /** A peer refused this node as superseded, and shows an envelope for it; whether it is one was not looked at. */
  proof(envelope: Uint8Array): Promise<void>
}
