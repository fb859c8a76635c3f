/** Codes of the core's JSON-RPC errors. */
export const RPC_MISC_ERROR = -1
export const RPC_INVALID_PARAMETER = -8
export const RPC_IN_WARMUP = -28
export const RPC_INVALID_REQUEST = -32600
export const RPC_METHOD_NOT_FOUND = -32601
export const RPC_INTERNAL_ERROR = -32603
export const RPC_PARSE_ERROR = -32700

/** What a core answers instead of a result. */
export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
