import type { AppRouter } from '@pastel-mesh/sdk-server'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import superjson from 'superjson'
import { Agent, fetch } from 'undici'

/** Calls a node over its Unix socket. */
export interface ControlClient {
  readonly api: ReturnType<typeof createTRPCClient<AppRouter>>
  close(): Promise<void>
}

/** @param socketPath the node's socket, `<data folder>/node.sock` */
export function createControlClient(socketPath: string): ControlClient {
  const dispatcher = new Agent({ connect: { socketPath } })
  const api = createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: 'http://localhost/trpc',
        transformer: superjson,
        // The types of undici's fetch and of the built-in one differ in name only.
        fetch: ((url: string, init: object) =>
          fetch(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch,
      }),
    ],
  })
  return { api, close: () => dispatcher.close() }
}
