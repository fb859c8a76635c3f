import { TRPCClientError } from '@trpc/client'
import { PastelMeshError, type PastelMeshErrorOptions } from './pastel-mesh-error.ts'

interface ServerData {
  readonly code?: string
  readonly httpStatus?: number
  readonly meshCode?: string
  readonly retryAfterMs?: number
}

/** Whatever a call fails with, as callers see it. */
export function toPastelMeshError(cause: unknown): PastelMeshError {
  if (cause instanceof PastelMeshError) return cause
  if (cause instanceof TRPCClientError) return ofTrpc(cause)
  const { name, message } = cause as Error
  if (name === 'AbortError') return aborted(cause)
  return new PastelMeshError({ code: 'ERR_CLIENT', message, cause })
}

/** By the caller's own signal. */
export function aborted(cause: unknown): PastelMeshError {
  return new PastelMeshError({ code: 'ERR_ABORTED', message: 'aborted', cause })
}

/** An error that the server shaped. */
export function ofShape(shape: unknown): PastelMeshError {
  return toPastelMeshError(TRPCClientError.from({ error: shape } as object))
}

/** An answer that is none of tRPC's: of a proxy, or of what is before the router. */
export function ofAnswer(httpStatus: number, body: unknown): PastelMeshError {
  const { code, message } = (typeof body === 'object' && body !== null ? body : {}) as Partial<Error> & {
    code?: unknown
  }
  if (typeof code === 'string' && code.startsWith('ERR_')) {
    return new PastelMeshError({ code, message: message ?? code, httpStatus })
  }
  if (httpStatus === 413) {
    const text = 'the request is too large: send fewer messages at a time'
    return new PastelMeshError({ code: 'ERR_TOO_LARGE', message: text, httpStatus })
  }
  return httpStatus >= 500
    ? unreachable(`something before the node answered ${httpStatus}`, { httpStatus })
    : new PastelMeshError({ code: 'ERR_ANSWER', message: `no node: it answered ${httpStatus}`, httpStatus })
}

export function unreachable(
  why: string,
  more: Pick<PastelMeshErrorOptions, 'cause' | 'httpStatus'> = {},
): PastelMeshError {
  return new PastelMeshError({ code: 'ERR_UNREACHABLE', message: `the node is not reached: ${why}`, ...more })
}

function ofTrpc(error: TRPCClientError<never>): PastelMeshError {
  const { message, shape, meta } = error as TRPCClientError<never> & { shape?: unknown }
  const data = error.data as ServerData | undefined
  if (data !== undefined && data !== null) {
    const { meshCode, code = 'UNKNOWN', httpStatus, retryAfterMs } = data
    return new PastelMeshError({
      code: meshCode ?? `ERR_${code}`,
      message,
      httpStatus,
      retryAfterMs,
      result: { error: shape } as never,
    })
  }
  const response = meta?.response as { status?: number } | undefined
  if (response?.status !== undefined) return ofAnswer(response.status, meta?.responseJSON)
  return toPastelMeshError(error.cause ?? new Error(message))
}
