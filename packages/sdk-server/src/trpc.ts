import { MeshError } from '@pastel-mesh/identity'
import type { Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import type { BindingStatus } from './admin/binding-status.ts'
import type { RecentRefusals } from './admin/recent-refusals.ts'
import { formatError } from './error-format.ts'
import { isUnambiguousJson } from './plain-json.ts'
import type { Followers } from './service/followers.ts'
import { trpcCode } from './trpc-code.ts'

/** What a procedure works with. */
export interface Context {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  readonly bindings: () => Promise<BindingStatus[]>
  /** When the node started, in ms since 1970. */
  readonly startedAtMs: number
  readonly version: string
  readonly followers: Followers
  readonly refusals: RecentRefusals
}

/** Tells both ends of a stream in which nothing comes that the other is still there. */
const PING_INTERVAL_MS = 10_000
/** Without a sign for that long a client connects again. */
const RECONNECT_MS = 30_000

const t = initTRPC.context<Context>().create({
  transformer: {
    input: superjson,
    output: { serialize, deserialize: (value: ReturnType<typeof serialize>) => superjson.deserialize(value) },
  },
  errorFormatter: formatError,
  sse: {
    ping: { enabled: true, intervalMs: PING_INTERVAL_MS },
    client: { reconnectAfterInactivityMs: RECONNECT_MS },
  },
  // Otherwise stacks go out to callers.
  isDev: false,
})

/**
 * superjson refuses objects with keys such as `constructor`. Messages of others may have them, as the name of a
 * header or in JSON, and one such message must not make a page unreadable: it goes as the plain JSON that it is.
 */
function serialize(value: unknown): ReturnType<typeof superjson.serialize> {
  // Pages are, and superjson would take a large part of their time to find nothing that it had to note.
  if (isUnambiguousJson(value)) return { json: value as ReturnType<typeof superjson.serialize>['json'] }
  try {
    return superjson.serialize(value)
  } catch {
    return { json: value as ReturnType<typeof superjson.serialize>['json'] }
  }
}

/** Errors of the parts become what they are to a caller; without this all of them would be "internal". */
const translateErrors = t.middleware(async ({ next }) => {
  const result = await next()
  if (result.ok) return result
  const { cause } = result.error
  if (!(cause instanceof MeshError)) return result
  throw toTrpcError(cause)
})

/** An error of the parts, as it is to a caller; others stay what they are. */
export function toTrpcError(cause: unknown): unknown {
  if (!(cause instanceof MeshError)) return cause
  return new TRPCError({ code: trpcCode(cause.code), message: cause.message, cause })
}

export const router = t.router
export const procedure = t.procedure.use(translateErrors)
