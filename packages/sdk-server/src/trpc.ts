import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { formatError } from './error-format.ts'

/** What a procedure works with. */
export interface Context {
  readonly node: MeshNode
  readonly store: MessageStore
  /** When the node started, in ms since 1970. */
  readonly startedAtMs: number
  readonly version: string
}

const t = initTRPC.context<Context>().create({
  transformer: superjson,
  errorFormatter: formatError,
  // Otherwise stacks go out to callers.
  isDev: false,
})

export const router = t.router
export const procedure = t.procedure
