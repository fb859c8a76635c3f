import { MeshError } from '@pastel-mesh/identity'
import type { Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import { getTRPCErrorFromUnknown, initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import type { BindingStatus } from './admin/binding-status.ts'
import type { Configuration } from './admin/configuration.ts'
import type { Drain } from './admin/drain.ts'
import type { PasteldUse } from './admin/pasteld-status.ts'
import type { PluginStatus } from './admin/plugin-status.ts'
import type { Shutdown } from './admin/process.ts'
import type { RecentRefusals } from './admin/recent-refusals.ts'
import { type AuditLog, describeInput } from './auth/audit-log.ts'
import type { Auth } from './auth/auth.ts'
import type { CallLimits } from './auth/call-limits.ts'
import { type Access, mayCall, type Session } from './auth/session.ts'
import { formatError } from './error-format.ts'
import { inputTransformer } from './input-transformer.ts'
import type { CallMetrics } from './monitoring/call-metrics.ts'
import { isUnambiguousJson } from './plain-json.ts'
import type { RestOperation } from './rest/rest-operation.ts'
import type { Followers } from './service/followers.ts'
import { trpcCode } from './trpc-code.ts'

/** Who calls. */
export interface Caller {
  /** Undefined: somebody who has not logged in. */
  readonly session: Session | undefined
  /** Why what the caller shows does not count. */
  readonly loginError?: MeshError
  /** From which it calls: an IP address, or for IPv6 its network. */
  readonly address: string
  /** Hears of each call, where calls are no requests of their own. @param error undefined: it was answered */
  readonly onCall?: (procedure: string, error: TRPCError | undefined, tookMs: number) => void
}

/** What carries the answers to a caller, as far as it does not see by itself to what the caller takes. */
export interface Connection {
  /** Makes a call when what was answered before is taken. */
  inTurn<T>(call: () => Promise<T>): Promise<T>
  /** Makes a call that waits for something to happen: at once, and in the way of no other. */
  beside<T>(call: () => Promise<T>): Promise<T>
  /** Waits until it is, or nobody is there to take it. */
  taken(): Promise<void>
  /** When it is. It is closed when the server stops, and its client goes on where it was on another. */
  readonly closed: Promise<void>
}

/** What a procedure works with. */
export interface Context extends Caller {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  readonly bindings: () => Promise<BindingStatus[]>
  readonly plugins: () => readonly PluginStatus[]
  /** Undefined: there is no Pastel core. */
  readonly pasteld: PasteldUse | undefined
  /** Makes a call of a procedure of a plugin: what that throws where nobody waits for it is its own. */
  readonly inPlugin: <T>(plugin: string, call: () => Promise<T>) => Promise<T>
  /** When the node started, in ms since 1970. */
  readonly startedAtMs: number
  readonly version: string
  readonly followers: Followers
  /** Where the API and the metrics are served; where they are not it is absent. */
  readonly served: () => { readonly urls: readonly string[]; readonly metricsUrl?: string }
  readonly calls: CallMetrics
  readonly refusals: RecentRefusals
  readonly drain: Drain
  /** Undefined: this node cannot end the process. */
  readonly shutdown: Shutdown | undefined
  /** Undefined: the program that the node is part of configures it. */
  readonly configuration: Configuration | undefined
  readonly auth: Auth
  readonly limits: CallLimits
  readonly audit: AuditLog
  /** Undefined: each request has one of its own, and waits for its reader. */
  readonly connection?: Connection
  /** Hears of what failed and is nobody's request. */
  readonly onError: (error: Error) => void
}

/** What is said of a procedure: who may call it, which its builder states, and what it is over plain HTTP. */
export interface ProcedureMeta extends Partial<Access> {
  /** The id of the session that a call is for whose caller shows none; what came is not checked yet. */
  readonly refreshes?: (rawInput: unknown, auth: Auth) => string | undefined
  readonly rest?: RestOperation
}

/** Tells both ends of a stream in which nothing comes that the other is still there. */
const PING_INTERVAL_MS = 10_000
/** Without a sign for that long a client connects again. */
const RECONNECT_MS = 30_000

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    transformer: {
      input: inputTransformer,
      output: {
        serialize,
        deserialize: (value: ReturnType<typeof serialize>) => superjson.deserialize(value),
      },
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

/** An error of the parts, as it is to a caller; others stay what they are. */
export function toTrpcError(cause: unknown): unknown {
  if (!(cause instanceof MeshError)) return cause
  return new TRPCError({ code: trpcCode(cause.code), message: cause.message, cause })
}

/** Lets nobody call what the session is not allowed to. */
function authorise({ session, loginError }: Caller, path: string, meta: ProcedureMeta | undefined): void {
  const access = accessOf(meta)
  if (access === undefined) throw new Error(`${path} does not state who may call it`)
  if (access.role === 'anyone') return
  if (session === undefined) {
    throw loginError ?? new MeshError('ERR_NOT_LOGGED_IN', `log in to call ${path}`)
  }
  if (session.isOver?.() === true) throw sessionIsOver(session)
  if (!mayCall(session, access)) throw notAllowed(session, access, path)
}

/** Undefined: nothing is stated. */
export function accessOf({ role, scope }: ProcedureMeta = {}): Access | undefined {
  if (role === undefined) return undefined
  return { role, ...(scope === undefined ? {} : { scope }) }
}

/** On a WebSocket, which stays open for longer. */
function sessionIsOver({ ended }: Session): MeshError {
  if (ended?.reason instanceof MeshError) return ended.reason
  return new MeshError('ERR_TOKEN', 'what this connection began with is not good any more: connect again')
}

function notAllowed({ role, scopes = [] }: Session, access: Access, path: string): MeshError {
  const needed = access.scope === undefined ? access.role : `${access.role}, or the scope ${access.scope}`
  const given = role ?? `a service key for ${scopes.join(', ') || 'nothing'}`
  return new MeshError('ERR_FORBIDDEN', `${path} takes the role ${needed}; this session is ${given}`)
}

/**
 * All that is around every call, also those of a batch and those over a WebSocket: it is limited, allowed, noted and
 * counted, and errors of the parts become what they are to a caller; otherwise all of them would be "internal". In one
 * middleware, for tRPC copies everything about a call for each.
 */
const guard = t.middleware(async ({ ctx, meta, path, type, getRawInput, next }) => {
  const beginMs = performance.now()
  let error: TRPCError | undefined
  try {
    // What cannot be read is refused below.
    const refreshed = meta?.refreshes?.(await getRawInput().catch(() => undefined), ctx.auth)
    ctx.limits.take(ctx.session, ctx.address, refreshed)
    authorise(ctx, path, meta)
    const isNoted = type === 'mutation' && isAudited(meta)
    // What cannot be read is not done: it could not be noted.
    const rawInput = isNoted ? await getRawInput() : undefined
    const result = await made(ctx.connection, meta, async () => {
      const outcome = await withinPlugin(ctx, path, next)
      if (isNoted) await note(ctx, path, rawInput, outcome.ok ? 'ok' : codeOf(outcome.error))
      return outcome
    })
    if (result.ok) return result
    throw result.error
  } catch (cause) {
    error = getTRPCErrorFromUnknown(cause)
    if (error.cause instanceof MeshError) error = toTrpcError(error.cause) as TRPCError
    throw error
  } finally {
    const tookMs = performance.now() - beginMs
    ctx.calls.ended(path, error?.code ?? 'OK', tookMs)
    ctx.onCall?.(path, error, tookMs)
  }
})

/** Makes a call, as one of the plugin whose procedure it is; so is what a subscription does then. */
async function withinPlugin<T extends object>(
  { inPlugin }: Context,
  path: string,
  call: () => Promise<T>,
): Promise<T> {
  const [top, plugin] = path.split('.', 2)
  if (top !== 'ext' || plugin === undefined) return call()
  const outcome = await inPlugin(plugin, call)
  if (!('data' in outcome) || !isAsyncIterable(outcome.data)) return outcome
  return { ...outcome, data: iterate(outcome.data, (next) => inPlugin(plugin, next)) }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** The same, each step of which is made by `step`. No generator: that would hold back the end until something came. */
function iterate(
  iterable: AsyncIterable<unknown>,
  step: <T>(next: () => Promise<T>) => Promise<T>,
): AsyncIterableIterator<unknown> {
  const iterator = iterable[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => step(() => iterator.next()),
    return: (value) => step(async () => (await iterator.return?.(value)) ?? { done: true, value }),
  }
}

/** Makes a call when it may be: all that it does before it is answered is a part of it. */
function made<T>(
  connection: Connection | undefined,
  meta: ProcedureMeta | undefined,
  call: () => Promise<T>,
): Promise<T> {
  if (connection === undefined) return call()
  return meta?.rest?.waits === true ? connection.beside(call) : connection.inTurn(call)
}

/** Whether what a procedure changes is for the audit log: what people of a role do, and no application with a scope. */
function isAudited({ role, scope }: ProcedureMeta = {}): boolean {
  return scope === undefined && (role === 'operator' || role === 'admin')
}

/** Notes what was changed by whom, also where that failed. What may not be called was not tried. */
async function note(
  { session, audit, onError }: Context,
  procedure: string,
  rawInput: unknown,
  result: string,
): Promise<void> {
  if (session === undefined) return
  const { kind, subject, id } = session
  const input = describeInput(procedure, rawInput)
  try {
    await audit.add({
      atMs: Date.now(),
      kind,
      subject,
      ...(id === undefined ? {} : { session: id }),
      procedure,
      ...(input === undefined ? {} : { input }),
      result,
    })
  } catch (cause) {
    // It is done: an error would say that it is not. A disk that is full must not keep the operator from making room.
    onError(
      new Error(`${procedure} by ${subject} is not in the audit log: ${(cause as Error).message}`, { cause }),
    )
  }
}

function codeOf({ cause, code }: TRPCError): string {
  return cause instanceof MeshError ? cause.code : code
}

export const { router, mergeRouters } = t

function procedureFor(access: Access) {
  return t.procedure.meta(access).use(guard)
}

/** Whoever reaches the server. */
export const openProcedure = procedureFor({ role: 'anyone' })
/** Whoever has a session, or a service key. */
export const sessionProcedure = procedureFor({ role: 'session' }).use(({ ctx: { session }, path, next }) => {
  if (session === undefined) throw new Error(`${path} was called without a session`)
  return next({ ctx: { session } })
})
/** Whoever may look: people of any role, applications with the scope `read`. */
export const readProcedure = procedureFor({ role: 'viewer', scope: 'read' })
/** Whoever may speak for the node: operators, applications with the scope `send`. */
export const sendProcedure = procedureFor({ role: 'operator', scope: 'send' })
export const viewerProcedure = procedureFor({ role: 'viewer' })
export const operatorProcedure = procedureFor({ role: 'operator' })
export const adminProcedure = procedureFor({ role: 'admin' })
