import { ofAnswer, unreachable } from '../to-pastel-mesh-error.ts'

/** The part of `fetch` that is needed. */
export type Fetch = typeof globalThis.fetch

/**
 * `fetch` for calls: with a time limit, and with an answer that was read to its end and is JSON.
 * @throws PastelMeshError ERR_UNREACHABLE, ERR_ANSWER, or what is before the router answers; the reason of the signal
 */
export function jsonFetch(fetch: Fetch, timeoutMs: number) {
  return async (url: string, init: RequestInit = {}) => {
    const limit = AbortSignal.timeout(timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit
    let response: Response
    let text: string
    try {
      // No cookies: who calls is in a header. Followed, a redirection would make a mutation a query.
      response = await fetch(url, { ...init, signal, credentials: 'omit', redirect: 'error' })
      text = await response.text()
    } catch (cause) {
      if (init.signal?.aborted) throw cause
      if (limit.aborted) throw unreachable(`no answer within ${timeoutMs / 1000} s`, { cause })
      throw unreachable(reasonOf(cause), { cause })
    }
    const json = parse(text)
    if (json === undefined) throw ofAnswer(response.status, undefined)
    return { ok: response.ok, status: response.status, json: async () => json }
  }
}

/** Node's `fetch` says "fetch failed", and why in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } }
  return cause?.message || cause?.code || message
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
