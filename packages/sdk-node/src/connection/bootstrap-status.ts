import type { Refusal } from './certified-peer.ts'
import { describeDialError } from './describe-dial-error.ts'
import type { KeptStatus } from './reconnector.ts'
import { RefusedError } from './refused-error.ts'

/**
 * - `connected`: both ends accepted each other's certificates
 * - `trying`: it is dialled, or will be again soon, and nothing has failed since it was last connected
 * - `failing`: the last attempt failed; it is tried again and again
 * - `left-alone`: the operator disconnected it
 */
export type BootstrapState = 'connected' | 'trying' | 'failing' | 'left-alone'

/** An address that a node keeps a connection to. */
export interface BootstrapStatus {
  readonly address: string
  readonly state: BootstrapState
  /** What the last attempt failed with; only while it is failing. */
  readonly reason?: string
  /** When that was, in ms since 1970. */
  readonly failedAtMs?: number
  /** It was reached, and one of the two ends did not accept the other. */
  readonly refusal?: Refusal
}

export function toBootstrapStatus({ address, isResting, isConnected, failure }: KeptStatus): BootstrapStatus {
  if (isConnected) return { address, state: 'connected' }
  if (isResting) return { address, state: 'left-alone' }
  if (failure === undefined) return { address, state: 'trying' }
  const { error, atMs } = failure
  return {
    address,
    state: 'failing',
    reason: describeDialError(error),
    failedAtMs: atMs,
    ...(error instanceof RefusedError ? { refusal: error.refusal } : {}),
  }
}
