/**
 * The tRPC routers of a node, and what they are served on: a Unix socket, and HTTP.
 * @packageDocumentation
 */
import type { Queue } from '@pastel-mesh/queue'
import type { MeshNode, Rate } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import type { AnyRouter } from '@trpc/server'
import type { BindingStatus } from './admin/binding-status.ts'
import type { Configuration } from './admin/configuration.ts'
import { Drain } from './admin/drain.ts'
import type { PasteldUse } from './admin/pasteld-status.ts'
import type { PluginStatus } from './admin/plugin-status.ts'
import type { Shutdown } from './admin/process.ts'
import { RecentRefusals } from './admin/recent-refusals.ts'
import { AuditLog } from './auth/audit-log.ts'
import { createAuth } from './auth/auth.ts'
import { CallLimits } from './auth/call-limits.ts'
import type { LoginEvent } from './auth/login-event.ts'
import type { RoleLists } from './auth/roles.ts'
import { SOCKET_SESSION } from './auth/session.ts'
import { routerOf } from './further-router.ts'
import { type MonitoringOptions, MonitoringServer } from './monitoring/monitoring-server.ts'
import { NodeMetrics } from './monitoring/node-metrics.ts'
import type { MetricDefinitions, MetricsOf } from './monitoring/own-metrics.ts'
import type { PastelComponents } from './pastel/pastel-components.ts'
import { PastelEndpoints, type PastelEndpointsComponents } from './pastel/pastel-endpoints.ts'
import { appRouter } from './router.ts'
import { Followers, type FollowersOptions } from './service/followers.ts'
import { HttpServer, type HttpServerOptions } from './transport/http-server.ts'
import { Lifecycle } from './transport/lifecycle.ts'
import { type RequestEvent, RequestLog } from './transport/request-log.ts'
import { UnixSocketServer, type UnixSocketServerOptions } from './transport/unix-socket-server.ts'
import type { Caller, Context } from './trpc.ts'

export type { AnyRouter } from '@trpc/server'
export type { AlertOutput } from './admin/alerts.ts'
export type { BindingBlocked, BindingStatus } from './admin/binding-status.ts'
export type {
  Configuration,
  EffectiveConfiguration,
  EffectiveSetting,
  Reloaded,
  SettingChange,
  SettingOrigin,
} from './admin/configuration.ts'
export type { JobSummary } from './admin/job-schema.ts'
export type { BridgeCounts, PasteldUse } from './admin/pasteld-status.ts'
export type { BackgroundStatus, PluginFailure, PluginStatus } from './admin/plugin-status.ts'
export type { Shutdown } from './admin/process.ts'
export type { NameStats, QueueStats, WaitsFor } from './admin/queue-stats.ts'
export type { RecentRefusal } from './admin/recent-refusals.ts'
export type { ScheduleOutput } from './admin/schedules.ts'
export type { NumberedAuditEntry } from './auth/audit-log.ts'
export { DEFAULT_CALL_RATE } from './auth/call-limits.ts'
export type { LoginEvent } from './auth/login-event.ts'
export type { Login } from './auth/logins.ts'
export type { RoleLists } from './auth/roles.ts'
export type { ServiceKey } from './auth/service-keys.ts'
export type { ErrorData } from './error-format.ts'
export { type AppRouterWith, type AppRouterWithPlugins, checkRouter } from './further-router.ts'
export { DEFAULT_MONITORING_PORT, type MonitoringOptions } from './monitoring/monitoring-server.ts'
export {
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  type MetricDefinition,
  type MetricDefinitions,
  type MetricLabels,
  type MetricsOf,
  metricPrefix,
} from './monitoring/own-metrics.ts'
export type { PastelComponents } from './pastel/pastel-components.ts'
export { type OpenApiDocument, type OpenApiOptions, openApiDocument } from './rest/openapi-document.ts'
export type { AppRouter } from './router.ts'
export type { DeliveryOutput } from './service/delivery.ts'
export type { DisclosureOutput } from './service/disclosure.ts'
export type { FollowersOptions } from './service/followers.ts'
export type { EntryOutput, MessageOutput, NoticeOutput } from './service/message-schema.ts'
export type { ProofOutput } from './service/proof.ts'
export type { Pulse } from './service/pulse.ts'
export type { SentOutput, WaitingOutput } from './service/sent.ts'
export type { StoredByOutput } from './service/stored-by.ts'
export type { BeginningOutput, SubscribeInput } from './service/subscribe.ts'
export { callerAddress } from './transport/caller-address.ts'
export { DEFAULT_PORT, type HttpServerOptions } from './transport/http-server.ts'
export { MAX_SERVER_SOCKETS } from './transport/max-sockets.ts'
export type { RequestEvent } from './transport/request-log.ts'
export type { UnixSocketServerOptions } from './transport/unix-socket-server.ts'
export {
  adminProcedure,
  type Context,
  mergeRouters,
  openProcedure,
  operatorProcedure,
  type ProcedureMeta,
  readProcedure,
  router,
  sendProcedure,
  sessionProcedure,
  viewerProcedure,
} from './trpc.ts'

export interface ServerOptions extends HttpServerOptions {
  /** Whether it is reached by HTTP, server-sent events and WebSockets. @default true */
  readonly http?: boolean
  /** The Unix socket of the operator on the machine, who needs no login. @default none */
  readonly socket?: UnixSocketServerOptions
  /** Metrics and health, on a port of their own. @default none */
  readonly monitoring?: MonitoringOptions
  /** Who may log in. @default nobody */
  readonly roles?: RoleLists
  /** Calls of one session. @default a thousand a second, four thousand at once */
  readonly callRate?: Rate
  /** How many may follow messages at a time. */
  readonly followers?: FollowersOptions
  /**
   * Serves Pastel's own HTTP endpoints as well, such as `/send_message`, some of which act without a session for programs
   * of this machine; needs {@link ServerComponents.pastel}. @default false
   */
  readonly pastel?: boolean
  /** Version that the status shows. */
  readonly version: string
}

export interface ServerComponents {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  /** How it stands with what makes jobs of messages. @default nothing does */
  readonly bindings?: () => Promise<BindingStatus[]>
  /** What plugins add, and how they do. @default there are none */
  readonly plugins?: () => readonly PluginStatus[]
  /** What the node uses the Pastel core for. @default there is none */
  readonly pasteld?: PasteldUse
  /** Makes a call of a procedure of a plugin. @default as any other */
  readonly inPlugin?: Context['inPlugin']
  /** Turns no more messages into jobs. @default nothing does */
  readonly stopBindings?: () => Promise<void>
  /** Ends the process. @default nobody may do that through the API */
  readonly shutdown?: Shutdown
  /** What Pastel's endpoints work with. @default there are none */
  readonly pastel?: PastelComponents
  /** What the node was told, and how it is told anew. @default the program that it is part of knows */
  readonly configuration?: Configuration
  /** Hears of what failed and is nobody's request, or what a caller is told nothing of. @default ignored */
  readonly onError?: (error: Error) => void
  /** Hears that the node takes no more messages and jobs of its own. @default ignored */
  readonly onDrain?: () => void
  /** Hears of logins, those that failed, and refresh tokens that came twice. @default ignored */
  readonly onLogin?: (event: LoginEvent) => void
  /** Hears of every request by HTTP when it has ended, and of every call over a WebSocket. @default ignored */
  readonly onRequest?: (event: RequestEvent) => void
  /** The time, in ms since 1970, by which logins expire. @default that of the system */
  readonly now?: () => number
}

/** As of {@link ServerOptions}. */
export interface ServerChanges {
  readonly callRate?: Rate
  readonly corsOrigins?: readonly string[]
}

export interface Server {
  /** Where it is reached by HTTP, such as `http://127.0.0.1:7123`; undefined: it is not. */
  readonly url: string | undefined
  /** Where metrics are; undefined: nowhere. */
  readonly monitoringUrl: string | undefined
  /** Names of all procedures that it serves, such as `service.ping`. */
  readonly procedures: readonly string[]
  /** What may change while it runs; what is left out stays as it is. */
  change(changes: ServerChanges): void
  /** Further metrics, before the start. @throws Error: a name or a label is none, or is taken */
  addMetrics<M extends MetricDefinitions>(prefix: string, definitions: M): MetricsOf<M>
  /**
   * @param router further routers, beside `service`, `admin` and `auth`
   * @param plugins routers of plugins by their names: each is under `ext.<name>`
   * @throws MeshError ERR_SOCKET_PATH, ERR_SOCKET_IN_USE, ERR_SOCKET, ERR_API_LISTEN, ERR_METRICS_LISTEN, ERR_ROUTER
   * @example
   * const hello = router({ who: readProcedure.query(({ ctx }) => ctx.node.pastelId) })
   * await server.start(router({ hello }))
   */
  start(router?: AnyRouter, plugins?: Readonly<Record<string, AnyRouter>>): Promise<void>
  /** Lets requests that are under way finish; those who follow are told that it ends. */
  stop(): Promise<void>
}

/**
 * The API of a node.
 *
 * @throws MeshError ERR_SUBJECT: who is to have a role cannot log in; ERR_PUBLIC_URL: one of the public URLs is none;
 * ERR_PROXY: one of the proxies is no address; Error: `pastel` is on and its components are missing
 * @example
 * const server = createServer({ port: 7123, host: '127.0.0.1', version: '1.0.0' }, { node, store, queue })
 * await server.start()
 */
export function createServer(options: ServerOptions, components: ServerComponents): Server {
  const {
    node,
    store,
    queue,
    bindings = async () => [],
    plugins = () => [],
    pasteld,
    inPlugin = (_, call) => call(),
    onError = () => {},
    onLogin = () => {},
    onRequest,
    now = Date.now,
  } = components
  let startedAtMs = 0
  let served: AnyRouter = appRouter
  const router = () => served
  const followers = new Followers(options.followers)
  const metrics = new NodeMetrics({
    node,
    store,
    queue,
    bindings,
    plugins,
    pasteld,
    version: options.version,
    onError,
  })
  const refusals = new RecentRefusals({ node })
  const { shutdown, configuration, stopBindings = async () => {} } = components
  const drain = new Drain({
    rest: () => Promise.all([stopBindings(), queue.rest()]).then(() => {}),
    onBegin: components.onDrain ?? (() => {}),
  })
  const auth = createAuth(
    { roles: options.roles ?? {}, origins: () => http?.origins ?? [] },
    { node, store, now, onLogin },
  )
  const audit = new AuditLog(store)
  const limits = new CallLimits(options.callRate)
  const pastel = pastelOf(options, components, { drain, limits, now, onError })
  // The server looks into this very list each time.
  const corsOrigins = [...(options.corsOrigins ?? [])]
  const context = (caller: Caller) => ({
    ...caller,
    node,
    store,
    queue,
    bindings,
    plugins,
    pasteld,
    inPlugin,
    version: options.version,
    startedAtMs,
    followers,
    served: () => ({
      urls: http?.url === undefined ? [] : [http.url, ...(options.publicUrls ?? [])],
      ...(monitoring?.url === undefined ? {} : { metricsUrl: monitoring.url }),
    }),
    refusals,
    drain,
    shutdown,
    configuration,
    calls: metrics.calls,
    auth,
    limits,
    audit,
    onError,
  })
  const socket =
    options.socket === undefined
      ? undefined
      : new UnixSocketServer(options.socket, {
          router,
          context: () => context({ session: SOCKET_SESSION, address: 'socket' }),
          onError,
        })
  const http =
    options.http === false
      ? undefined
      : new HttpServer(
          { ...options, corsOrigins },
          {
            router,
            authenticator: auth.authenticator,
            limits,
            node,
            store,
            queue,
            drain,
            context,
            requests: new RequestLog(onRequest),
            pastel,
            now,
            onError,
          },
        )
  const monitoring =
    options.monitoring === undefined
      ? undefined
      : new MonitoringServer(options.monitoring, {
          node,
          store,
          queue,
          bindings,
          plugins,
          pasteld,
          drain,
          version: options.version,
          metrics,
          allowedHosts: options.allowedHosts ?? [],
          onError,
        })
  const lifecycle = new Lifecycle(
    async () => {
      startedAtMs ||= Date.now()
      followers.start()
      await auth.start()
      await audit.start()
      await pastel?.start()
      await socket?.start()
      await http?.start()
      await monitoring?.start()
    },
    async () => {
      followers.stop()
      await Promise.all([socket?.stop(), http?.stop(), monitoring?.stop()])
      await pastel?.stop()
    },
  )
  return {
    get monitoringUrl() {
      return monitoring?.url
    },
    get url() {
      return http?.url
    },
    get procedures() {
      return Object.keys(served._def.procedures)
    },
    change({ callRate, corsOrigins: origins }) {
      if (callRate !== undefined) limits.setRate(callRate)
      if (origins !== undefined) corsOrigins.splice(0, corsOrigins.length, ...origins)
    },
    addMetrics: (prefix, definitions) => metrics.add(prefix, definitions),
    async start(further, ofPlugins) {
      if (further !== undefined || ofPlugins !== undefined) served = routerOf(further, ofPlugins)
      await lifecycle.start()
    },
    stop: () => lifecycle.stop(),
  }
}

/** Undefined: they are off. */
function pastelOf(
  { pastel: isOn = false }: ServerOptions,
  { node, store, pastel }: ServerComponents,
  parts: Omit<PastelEndpointsComponents, 'node' | 'store' | 'pastel'>,
): PastelEndpoints | undefined {
  if (!isOn) return undefined
  if (pastel === undefined) throw new Error("Pastel's endpoints need the component pastel")
  return new PastelEndpoints({ ...parts, node, store, pastel })
}
