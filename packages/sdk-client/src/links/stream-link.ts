import type { TRPCLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import { observable } from '@trpc/server/observable'
import type { OpenStream } from '../stream/resumed-stream.ts'
import { toPastelMeshError } from '../to-pastel-mesh-error.ts'

/** Subscriptions: server-sent events by `fetch`, so that who calls is in a header and not in the URL. */
export function streamLink(open: OpenStream): TRPCLink<AnyRouter> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        const abort = new AbortController()
        const signal = op.signal ? AbortSignal.any([op.signal, abort.signal]) : abort.signal
        read().then(
          () => observer.complete(),
          (error) => observer.error(toPastelMeshError(error)),
        )
        return () => abort.abort()

        async function read(): Promise<void> {
          const stream = open(op.path, async () => op.input, {
            signal,
            onOpen: () => observer.next({ result: { type: 'started' } }),
          })
          for await (const { id, data } of stream) {
            observer.next({ result: id === undefined ? { data } : { id, data: { id, data } } })
          }
          observer.next({ result: { type: 'stopped' } })
        }
      })
}
