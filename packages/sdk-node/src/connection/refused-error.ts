import { MeshError } from '@pastel-mesh/identity'
import type { Refusal } from './certified-peer.ts'

/** A certificate was not accepted at one of the two ends. */
export class RefusedError extends MeshError {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    const { by, reason } = refusal
    super(
      'ERR_NOT_CERTIFIED',
      `the connection has no accepted certificate: ${by === 'us' ? reason : `the other end says ${reason}`}`,
    )
    this.refusal = refusal
  }
}
