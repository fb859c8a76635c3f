import type { TRPCLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import { observable, type Unsubscribable } from '@trpc/server/observable'
import type { Credentials } from '../auth/credentials.ts'
import { isRefused } from '../auth/login-session.ts'
import { aborted, toPastelMeshError } from '../to-pastel-mesh-error.ts'

/** Shows who calls; when that is refused, once more with what has been renewed. Errors become those of this package. */
export function credentialsLink(credentials: Credentials): TRPCLink<AnyRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const signal = op.signal ?? undefined
        let call: Unsubscribable | undefined
        let isOver = false
        const fail = (error: unknown) =>
          observer.error(signal?.aborted ? aborted(error) : toPastelMeshError(error))

        async function attempt(isLast: boolean): Promise<void> {
          const authorization = await credentials.authorization(signal)
          if (isOver) return
          call = next({ ...op, context: { ...op.context, authorization } }).subscribe({
            next: (value) => observer.next(value),
            complete: () => observer.complete(),
            error(error) {
              if (isLast || !isRefused(error)) fail(error)
              else again(authorization, error).catch(fail)
            },
          })
        }

        async function again(shown: string | undefined, error: unknown): Promise<void> {
          if (!(await credentials.renew(shown, signal))) throw error
          await attempt(true)
        }

        attempt(false).catch(fail)
        return () => {
          isOver = true
          call?.unsubscribe()
        }
      })
}
