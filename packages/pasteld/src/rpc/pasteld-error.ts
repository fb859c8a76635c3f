import { MeshError, type MeshErrorOptions } from '@pastel-mesh/identity'

/** What a {@link PasteldError} can be told by. */
export type PasteldErrorCode =
  | 'ERR_PASTELD_ANSWER'
  | 'ERR_PASTELD_AUTH'
  | 'ERR_PASTELD_BUSY'
  | 'ERR_PASTELD_CLOSED'
  | 'ERR_PASTELD_REQUEST'
  | 'ERR_PASTELD_RPC'
  | 'ERR_PASTELD_TIMEOUT'
  | 'ERR_PASTELD_UNCERTAIN'
  | 'ERR_PASTELD_UNREACHABLE'
  | 'ERR_PASTELD_WARMING_UP'

export interface PasteldErrorOptions extends MeshErrorOptions {
  readonly rpcCode?: number
  readonly rpcMessage?: string
}

/**
 * A call to the Pastel core that came to nothing. It never holds what was asked or answered: passphrases are in the
 * one, and private keys can be in the other.
 */
export class PasteldError extends MeshError {
  declare readonly code: PasteldErrorCode
  /** The core's own code, if it gave one: -8 bad parameter, -1 and -32603 what went wrong, -28 warming up. */
  readonly rpcCode: number | undefined
  /** What the core said of it; not what repeats a secret of the call. */
  readonly rpcMessage: string | undefined

  constructor(code: PasteldErrorCode, message: string, options: PasteldErrorOptions = {}) {
    super(code, message, options)
    this.rpcCode = options.rpcCode
    this.rpcMessage = options.rpcMessage
  }
}
