/**
 * The tRPC routers of a node, and what they are served on: for now the Unix socket.
 * @packageDocumentation
 */
import type { Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import type { BindingStatus } from './admin/binding-status.ts'
import { RecentRefusals } from './admin/recent-refusals.ts'
import { Followers } from './service/followers.ts'
import { UnixSocketServer, type UnixSocketServerOptions } from './transport/unix-socket-server.ts'

export type { AlertOutput } from './admin/alerts.ts'
export type { BindingBlocked, BindingStatus } from './admin/binding-status.ts'
export type { JobSummary } from './admin/job-schema.ts'
export type { NameStats, QueueStats, WaitsFor } from './admin/queue-stats.ts'
export type { RecentRefusal } from './admin/recent-refusals.ts'
export type { ScheduleOutput } from './admin/schedules.ts'
export type { AppRouter } from './router.ts'
export type { DeliveryOutput } from './service/delivery.ts'
export type { DisclosureOutput } from './service/disclosure.ts'
export type { FollowInput } from './service/follow.ts'
export type { EntryOutput, MessageOutput, NoticeOutput } from './service/message-schema.ts'
export type { ProofOutput } from './service/proof.ts'
export type { SentOutput, WaitingOutput } from './service/sent.ts'
export type { StoredByOutput } from './service/stored-by.ts'
export type { UnixSocketServerOptions } from './transport/unix-socket-server.ts'
export type { Context } from './trpc.ts'

export interface ServerOptions {
  readonly socket: UnixSocketServerOptions
  /** Version that the status shows. */
  readonly version: string
}

export interface ServerComponents {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  /** How it stands with what makes jobs of messages. @default nothing does */
  readonly bindings?: () => Promise<BindingStatus[]>
  /** Hears of what failed and is nobody's request, or what a caller is told nothing of. @default ignored */
  readonly onError?: (error: Error) => void
}

export interface Server {
  /** @throws MeshError ERR_SOCKET_PATH, ERR_SOCKET_IN_USE, ERR_SOCKET */
  start(): Promise<void>
  /** Lets requests that are under way finish; those who follow are told that it ends. */
  stop(): Promise<void>
}

/**
 * The API of a node.
 *
 * @example
 * const server = createServer({ socket: { path: './data/node.sock' }, version: '1.0.0' }, { node, store, queue })
 * await server.start()
 */
export function createServer(options: ServerOptions, components: ServerComponents): Server {
  const { node, store, queue, bindings = async () => [], onError = () => {} } = components
  let startedAtMs = 0
  const followers = new Followers()
  const refusals = new RecentRefusals({ node })
  const context = () => ({
    node,
    store,
    queue,
    bindings,
    version: options.version,
    startedAtMs,
    followers,
    refusals,
  })
  const server = new UnixSocketServer(options.socket, { context, onError })
  return {
    async start() {
      startedAtMs ||= Date.now()
      followers.start()
      await server.start()
    },
    async stop() {
      followers.stop()
      await server.stop()
    },
  }
}
