import type { AppRouter } from '@pastel-mesh/sdk-client'
import type { inferProcedureOutput } from '@trpc/server'

/** What the parent tells the process of the bare server, and what it hears. */
export type ToBare =
  | {
      readonly type: 'serve'
      /** What its `service.info` answers: the same as ours. */
      readonly info: inferProcedureOutput<AppRouter['service']['info']>
    }
  | { readonly type: 'end' }

export interface FromBare {
  readonly type: 'listening'
  readonly url: string
  readonly pid: number
}
