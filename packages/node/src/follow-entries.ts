import { readEvents } from '@pastel-mesh/sdk-client'
import type { BeginningOutput, EntryOutput, SubscribeInput } from '@pastel-mesh/sdk-server'
import { TRPCClientError } from '@trpc/client'
import superjson from 'superjson'
import type { SocketFetch } from './socket-fetch.ts'

/**
 * Follows messages over server-sent events. tRPC's own link for them takes in whatever comes, connects again without a
 * word when a node ends, and does not say why it cannot connect.
 * @throws TRPCClientError
 */
export async function* followEntries(
  url: string,
  input: SubscribeInput,
  socket: SocketFetch,
  signal: AbortSignal,
): AsyncGenerator<EntryOutput> {
  const search = new URLSearchParams({ input: superjson.stringify(input) })
  try {
    const response = await socket.fetch(`${url}?${search}`, {
      signal,
      headers: { accept: 'text/event-stream' },
    })
    const { body } = response
    if (body === null || response.headers.get('content-type') !== 'text/event-stream') {
      throw new Error(`it answered ${response.status}`)
    }
    for await (const { event, data } of readEvents(body)) {
      if (event === 'message') {
        const entry = superjson.parse<EntryOutput | BeginningOutput>(data)
        if (!('kind' in entry) || entry.kind !== 'beginning') yield entry as EntryOutput
      }
      if (event === 'serialized-error') {
        throw TRPCClientError.from({ error: superjson.parse(data) })
      }
    }
    throw new Error('it ended')
  } catch (error) {
    if (signal.aborted) return
    throw TRPCClientError.from(error as Error)
  }
}
