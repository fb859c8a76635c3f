import type { TRPCError } from '@trpc/server'
import { isInternal } from '../error-format.ts'

/** Tells of the failures of calls that their callers are not told: what tRPC is to do with errors. */
export function errorReport(onError: (error: Error) => void) {
  return ({ error, path }: { readonly error: TRPCError; readonly path: string | undefined }): void => {
    // The caller is told no more than to look here.
    if (isInternal(error))
      onError(new Error(`${path ?? 'a request'} failed: ${error.message}`, { cause: error }))
  }
}
