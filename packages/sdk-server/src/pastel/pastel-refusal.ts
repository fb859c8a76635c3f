import { MeshError } from '@pastel-mesh/identity'
import { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import { RateLimitError } from '../auth/rate-limit-error.ts'
import { trpcCode } from '../trpc-code.ts'

/** One thing that is wrong with an input, as FastAPI says it; without the value, which may be a passphrase. */
export interface InputProblem {
  readonly type: string
  readonly loc: readonly (string | number)[]
  readonly msg: string
}

/** A request that is not done. */
export class PastelRefusal extends Error {
  readonly status: number
  readonly detail: string | readonly InputProblem[]
  readonly retryAfterMs: number | undefined
  /** Further fields of the answer. */
  readonly more: object

  constructor(
    status: number,
    detail: PastelRefusal['detail'],
    { retryAfterMs, more = {} }: { retryAfterMs?: number; more?: object } = {},
  ) {
    super(typeof detail === 'string' ? detail : 'the input is wrong')
    this.status = status
    this.detail = detail
    this.retryAfterMs = retryAfterMs
    this.more = more
  }
}

/** Where Pastel's layer means another status than our API. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_NOT_A_MEMBER: 404,
  ERR_MESSAGE: 422,
  ERR_SIGNATURE_TEXT: 422,
  ERR_SIGNATURE_TEXT_RESERVED: 422,
}
/** The core cannot be asked now. */
const CORE = /^ERR_PASTELD_/

/** What a caller is told of an error; undefined: nothing, it is for the node's log. */
export function refusalFor(error: unknown): PastelRefusal | undefined {
  if (error instanceof PastelRefusal) return error
  if (!(error instanceof MeshError)) return undefined
  const { code, message } = error
  const status = STATUSES[code] ?? (CORE.test(code) ? 503 : statusOf(error))
  if (status === 500) return undefined
  const retryAfterMs = error instanceof RateLimitError ? { retryAfterMs: error.retryAfterMs } : {}
  return new PastelRefusal(status, message, retryAfterMs)
}

function statusOf(cause: MeshError): number {
  return getHTTPStatusCodeFromError(new TRPCError({ code: trpcCode(cause.code), cause }))
}
