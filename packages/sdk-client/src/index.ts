/**
 * The client of a node, for applications: typed calls, logins, and messages that are followed without losing any. For
 * Node and for browsers.
 * @packageDocumentation
 */
import type { AppRouter } from '@pastel-mesh/sdk-server'
import type { TRPCClient } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import type { Auth, SessionInfo } from './auth/auth.ts'
import { buildClient } from './client.ts'
import type { Messages } from './messages.ts'

export type {
  AppRouter,
  BeginningOutput,
  EntryOutput,
  MessageOutput,
  NoticeOutput,
} from '@pastel-mesh/sdk-server'
export type { Auth, LoginAuth, ServiceKeyAuth, SessionInfo } from './auth/auth.ts'
export { type PastelIdSigner, pastelIdAuth } from './auth/pastel-id-auth.ts'
export { serviceKeyAuth } from './auth/service-key-auth.ts'
export { type WalletSigner, walletAuth } from './auth/wallet-auth.ts'
export type { Entry, IterateOptions, Messages } from './messages.ts'
export { type ErrorCode, PastelMeshError, type PastelMeshErrorOptions } from './pastel-mesh-error.ts'
export { readEvents, type StreamEvent } from './stream/event-stream.ts'

export interface ClientOptions {
  /** Where the node is reached, such as `https://node.example` or `http://127.0.0.1:7123`. */
  readonly url: string | URL
  /** Who calls. @default nobody: what anyone may call */
  readonly auth?: Auth
  /** A call that is not answered in that time fails with ERR_UNREACHABLE, in ms. @default 60000 */
  readonly timeoutMs?: number
  /**
   * A subscription of which nothing comes for that long is made again, in ms; the node gives a sign every 10 s.
   * @default 30000
   */
  readonly idleMs?: number
  /** @default the built-in one */
  readonly fetch?: typeof globalThis.fetch
}

export interface MeshClient<R extends AnyRouter = AppRouter> {
  /**
   * The procedures of the node. What is called in one moment goes in one request. All throw {@link PastelMeshError}.
   *
   * @example
   * await client.api.service.messages.publish.mutate({ topic: 'prices', messages: [{ json: { usd: 1.25 } }] })
   */
  readonly api: TRPCClient<R>
  readonly messages: Messages
  /**
   * Logs in now; otherwise the first call does. After {@link MeshClient.logout} it is needed.
   * @throws PastelMeshError ERR_LOGIN, ERR_NO_ACCESS, ERR_CHALLENGE, ERR_UNREACHABLE, ERR_NO_LOGIN
   */
  login(options?: { readonly signal?: AbortSignal }): Promise<SessionInfo>
  /**
   * Ends the session at the node and forgets it; calls fail with ERR_LOGGED_OUT from then on.
   * @throws PastelMeshError ERR_UNREACHABLE: forgotten, but the node may take its tokens until they end
   */
  logout(options?: { readonly signal?: AbortSignal }): Promise<void>
}

/**
 * A client of the node at `url`. It holds no connection: there is nothing to close.
 *
 * @typeParam R the node's router, if it has more than ours
 * @throws PastelMeshError ERR_URL
 * @example
 * const client = createClient({ url: 'http://127.0.0.1:7123', auth: serviceKeyAuth(process.env.PMESH_KEY) })
 * console.log(await client.api.service.statistics.totals.query())
 */
export function createClient<R extends AnyRouter = AppRouter>(options: ClientOptions): MeshClient<R> {
  return buildClient<R>(options)
}
