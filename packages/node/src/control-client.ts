import type { AppRouter, EntryOutput, FollowInput } from '@pastel-mesh/sdk-server'
import { createTRPCClient, httpLink } from '@trpc/client'
import superjson from 'superjson'
import { Agent, fetch } from 'undici'
import { followEntries } from './follow-entries.ts'

/** Calls a node over its Unix socket. */
export interface ControlClient {
  readonly api: ReturnType<typeof createTRPCClient<AppRouter>>
  /**
   * What `service.messages.follow` gives; no more is read than is taken, and nothing is asked for a second time. Ends
   * with the signal.
   * @throws TRPCClientError what the node answered, or that it is gone
   */
  follow(input: FollowInput, options: { signal: AbortSignal }): AsyncGenerator<EntryOutput>
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
  const dispatcher = new Agent({
    connect: { socketPath },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  })
  // The types of undici's fetch and of the built-in one differ in name only.
  const fetchHere = ((url: string, init: object) =>
    fetch(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch
  const api = createTRPCClient<AppRouter>({
    // No batches: one call would wait for the slowest, and together they can be too large for the node.
    links: [httpLink({ url: ROUTER_URL, transformer: superjson, fetch: fetchHere })],
  })
  return {
    api,
    follow: (input, { signal }) =>
      followEntries(`${ROUTER_URL}/service.messages.follow`, input, fetchHere, signal),
    close: () => dispatcher.close(),
  }
}
