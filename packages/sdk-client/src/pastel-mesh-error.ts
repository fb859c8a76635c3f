import type { AppRouter } from '@pastel-mesh/sdk-server'
import { TRPCClientError } from '@trpc/client'

/** What may succeed if it is tried again later, with nothing changed. */
const RETRYABLE_STATUS = new Set([429, 502, 503, 504])

/** The codes of the client, and those of the node that callers act on; there are more, which the node's refusals name. */
export type ErrorCode =
  | 'ERR_ABORTED'
  | 'ERR_ANSWER'
  | 'ERR_CHALLENGE'
  | 'ERR_CLIENT'
  | 'ERR_LOGGED_OUT'
  | 'ERR_NO_LOGIN'
  | 'ERR_TOO_LARGE'
  | 'ERR_UNREACHABLE'
  | 'ERR_URL'
  | 'ERR_BAD_REQUEST'
  | 'ERR_CURSOR'
  | 'ERR_DRAINING'
  | 'ERR_FORBIDDEN'
  | 'ERR_LOGIN'
  | 'ERR_NOT_A_MEMBER'
  | 'ERR_NOT_LOGGED_IN'
  | 'ERR_NOT_STORED'
  | 'ERR_NO_ACCESS'
  | 'ERR_OUTBOX_FULL'
  | 'ERR_PARTLY_SENT'
  | 'ERR_STOPPED'
  | 'ERR_TOKEN'
  | 'ERR_TOPIC_NAME'
  | (string & {})

export interface PastelMeshErrorOptions {
  readonly code: ErrorCode
  readonly message: string
  readonly httpStatus?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
  /** As the server shaped it. */
  readonly result?: ConstructorParameters<typeof TRPCClientError<AppRouter>>[1] extends infer O
    ? O extends { result?: infer R }
      ? R
      : never
    : never
}

/**
 * Why a call failed: what the node answered, or that it did not.
 *
 * - `ERR_UNREACHABLE`: no answer, or none of a node. Whether a mutation was carried out nobody knows.
 * - `ERR_ANSWER`: something answered that is no node.
 * - `ERR_ABORTED`: the caller's own signal.
 * - `ERR_NOT_LOGGED_IN`, `ERR_TOKEN`, `ERR_LOGIN`, `ERR_NO_ACCESS`, `ERR_FORBIDDEN`: who calls, and what that may.
 * - All others are the node's: a refusal without a code of its own has the one of tRPC, such as `ERR_BAD_REQUEST` for a
 *   wrong input.
 *
 * It is a `TRPCClientError`, too: `data` and `shape` are what the server sent.
 */
export class PastelMeshError extends TRPCClientError<AppRouter> {
  readonly code: ErrorCode
  /** Absent: there was no answer. */
  readonly httpStatus: number | undefined
  /** The node asks to wait that long. */
  readonly retryAfterMs: number | undefined

  constructor({ code, message, httpStatus, retryAfterMs, cause, result }: PastelMeshErrorOptions) {
    super(message, {
      ...(cause === undefined ? {} : { cause: cause as Error }),
      ...(result === undefined ? {} : { result }),
    })
    // The base class makes every error one of its own.
    Object.setPrototypeOf(this, new.target.prototype)
    this.name = 'PastelMeshError'
    this.code = code
    this.httpStatus = httpStatus
    this.retryAfterMs = retryAfterMs
  }

  /** Whether the same call may succeed later: the node is not there, is starting or stopping, or is asked too much. */
  get retryable(): boolean {
    return this.httpStatus === undefined
      ? this.code === 'ERR_UNREACHABLE'
      : RETRYABLE_STATUS.has(this.httpStatus)
  }
}
