import type { Credentials } from '../auth/credentials.ts'
import { isRefused } from '../auth/login-session.ts'
import type { Fetch } from '../links/json-fetch.ts'
import type { PastelMeshError } from '../pastel-mesh-error.ts'
import { toPastelMeshError } from '../to-pastel-mesh-error.ts'
import { BackOff, pause } from './back-off.ts'
import { openStream, type StreamItem } from './open-stream.ts'

/** A connection that lasted as long as that was a good one, though nothing came. */
const STEADY_MS = 15_000

export interface StreamOptions {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** The server has taken the subscription, the first time or again. */
  readonly onOpen?: (() => void) | undefined
  /** The connection is lost, or not made: the next attempt is in so many ms. */
  readonly onReconnect?: ((error: PastelMeshError, delayMs: number) => void) | undefined
}

/**
 * @param path the procedure
 * @param input asked for until it is there
 */
export type OpenStream = (
  path: string,
  input: () => Promise<unknown>,
  options: StreamOptions,
) => AsyncGenerator<StreamItem, void>

export interface StreamComponents {
  readonly url: string
  readonly fetch: Fetch
  readonly credentials: Credentials
  readonly idleMs: number
}

/**
 * A subscription that goes on where it was when the connection is lost or the server restarts, as its values are
 * `tracked`; ends with the signal, or with what trying again does not change.
 *
 * ```
 *   opening ──▶ reading ──▶ over: the server or the signal ends it
 *     ▲  │         │
 *     │  └────┬────┘ lost, refused for now, or what was shown is no longer good
 *     └─── waiting        (that is renewed, and not waited for, once)
 * ```
 */
export function resumedStreams({ url, fetch, credentials, idleMs }: StreamComponents): OpenStream {
  return async function* (path, getInput, { signal, onOpen, onReconnect }) {
    const backOff = new BackOff()
    let input: { value: unknown } | undefined
    let lastEventId: string | undefined
    /** What was shown, and why it does not count. */
    let refused: { authorization: string; error: PastelMeshError } | undefined
    /** Since something came last: the server answers before it knows who calls. */
    let isRenewed = false
    for (;;) {
      let authorization: string | undefined
      let openedAtMs = Number.POSITIVE_INFINITY
      try {
        if (refused !== undefined) {
          const isAnother = await credentials.renew(refused.authorization, signal)
          isRenewed = true
          const { error } = refused
          refused = undefined
          if (!isAnother) throw error
        }
        authorization = await credentials.authorization(signal)
        input ??= { value: await getInput() }
        const onTaken = () => {
          openedAtMs = performance.now()
          onOpen?.()
        }
        const place = { input: input.value, lastEventId, authorization }
        const items = openStream(fetch, { url, path, ...place, signal, idleMs, onOpen: onTaken })
        for await (const item of items) {
          // Where it was already says nothing new: one that only ever tells that is no good connection.
          if (item.id === undefined || item.id !== lastEventId) backOff.reset()
          isRenewed = false
          lastEventId = item.id ?? lastEventId
          yield item
          // It may have come while the caller was busy with this one.
          if (signal?.aborted) return
        }
        return
      } catch (cause) {
        if (signal?.aborted) return
        const error = toPastelMeshError(cause)
        if (performance.now() - openedAtMs > STEADY_MS) {
          backOff.reset()
          isRenewed = false
        }
        if (isRefused(error) && authorization !== undefined && !isRenewed) {
          refused = { authorization, error }
          continue
        }
        if (!error.retryable) throw error
        const delayMs = backOff.nextMs(error.retryAfterMs)
        onReconnect?.(error, delayMs)
        await pause(delayMs, signal)
        if (signal?.aborted) return
      }
    }
  }
}
