import type { AppRouter, EntryOutput, SubscribeInput } from '@pastel-mesh/sdk-server'
import { createTRPCClient, httpLink } from '@trpc/client'
import superjson from 'superjson'
import { followEntries } from './follow-entries.ts'
import { type FetchInit, SocketFetch } from './socket-fetch.ts'

/** Calls a node over its Unix socket. */
export interface ControlClient {
  readonly api: ReturnType<typeof createTRPCClient<AppRouter>>
  /**
   * What `service.messages.subscribe` gives, but where it begins; no more is read than is taken, and nothing is asked for a second time. Ends
   * with the signal.
   * @throws TRPCClientError what the node answered, or that it is gone
   */
  subscribe(input: SubscribeInput, options: { signal: AbortSignal }): AsyncGenerator<EntryOutput>
  close(): Promise<void>
}

/** A node that does not answer for that long hangs; storing the largest request takes a second or two. */
const ANSWER_TIMEOUT_MS = 30_000

/**
 * The node closes connections that were idle for 5 seconds. A call at that moment would fail without anyone knowing
 * whether it was taken, so they are given up long before, with room for a machine that is very busy.
 */
const KEEP_ALIVE_MS = 1_000

const ROUTER_URL = 'http://localhost/trpc'

/** @param socketPath the node's socket, `<data folder>/node.sock` */
export function createControlClient(socketPath: string): ControlClient {
  const socket = new SocketFetch({ socketPath, silenceMs: ANSWER_TIMEOUT_MS, keepAliveMs: KEEP_ALIVE_MS })
  const api = createTRPCClient<AppRouter>({
    // No batches: one call would wait for the slowest, and together they can be too large for the node.
    links: [
      httpLink({
        url: ROUTER_URL,
        transformer: superjson,
        fetch: (url, init) => socket.fetch(String(url), init as FetchInit),
      }),
    ],
  })
  return {
    api,
    subscribe: (input, { signal }) =>
      followEntries(`${ROUTER_URL}/service.messages.subscribe`, input, socket, signal),
    close: () => socket.close(),
  }
}
