import { httpBatchLink, httpLink, type Operation, splitLink, type TRPCLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import superjson from 'superjson'
import { type Fetch, jsonFetch } from './json-fetch.ts'

/** The server takes no more calls of one request. */
const MAX_BATCH_CALLS = 20
/** Node takes headers of 16 KiB, of which the token is a part, nginx lines of 8 KiB. */
const MAX_URL_CHARS = 7_000
/** Twenty of them, in UTF-8 and with all quotes escaped, are below the 8 MiB that the server takes of a request. */
const MAX_BATCHED_CHARS = 128 * 1024

/** Queries and mutations: those of one moment in one request, large ones alone. */
export function callLink(url: string, fetch: Fetch, timeoutMs: number): TRPCLink<AnyRouter> {
  const common = { url, transformer: superjson, fetch: jsonFetch(fetch, timeoutMs) as never }
  return splitLink({
    condition: isLarge,
    true: httpLink({ ...common, headers: ({ op }) => headersOf(op) }),
    false: httpBatchLink({
      ...common,
      maxItems: MAX_BATCH_CALLS,
      maxURLLength: MAX_URL_CHARS,
      // All are of one client: the last has the newest token.
      headers: ({ opList }) => headersOf(opList.at(-1)),
    }),
  })
}

function headersOf(op: Operation | undefined): Record<string, string> {
  const authorization = op?.context.authorization
  return typeof authorization === 'string' ? { authorization } : {}
}

function isLarge({ type, input }: Operation): boolean {
  return type === 'mutation' && (JSON.stringify(input)?.length ?? 0) > MAX_BATCHED_CHARS
}
