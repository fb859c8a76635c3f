import { get } from 'node:http'
import type { AppRouter } from '@pastel-mesh/sdk-client'
import { type BeginningOutput, type EntryOutput, readEvents } from '@pastel-mesh/sdk-client'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { WebSocket } from 'ws'

/** How messages come: server-sent events, each of a connection, or a WebSocket. */
export const TRANSPORTS = ['sse', 'ws'] as const
export type Transport = (typeof TRANSPORTS)[number]

export interface SubscriberOptions {
  /** Of the API. */
  readonly url: string
  readonly token: string
  readonly topic: string
  /** A cursor. */
  readonly from: string
}

export interface Subscriber {
  close(): void
}

type StreamEntry = EntryOutput | BeginningOutput

/** The largest event. */
const MAX_EVENT_CHARS = 1024 * 1024

/**
 * Follows a topic over a connection of its own.
 * @param onEntry hears what comes
 * @param onFailure hears that it ended by itself
 */
export function subscribe(
  transport: Transport,
  options: SubscriberOptions,
  onEntry: (entry: EntryOutput) => void,
  onFailure: (error: Error) => void,
): Subscriber {
  const open = transport === 'sse' ? overEvents : overWebSocket
  const onStreamEntry = (entry: StreamEntry) => {
    if (!isBeginning(entry)) onEntry(entry)
  }
  return open(options, onStreamEntry, onFailure)
}

function isBeginning(entry: StreamEntry): entry is BeginningOutput {
  return 'kind' in entry && entry.kind === 'beginning'
}

function overEvents(
  { url, token, ...input }: SubscriberOptions,
  onStreamEntry: (entry: StreamEntry) => void,
  onFailure: (error: Error) => void,
): Subscriber {
  let isClosed = false
  const query = new URLSearchParams({ input: superjson.stringify(input) })
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` }
  const options = { headers, agent: false }
  const call = get(`${url}/trpc/service.messages.subscribe?${query}`, options, async (response) => {
    try {
      for await (const { event, data } of readEvents(response, MAX_EVENT_CHARS)) {
        if (event === 'message') onStreamEntry(superjson.parse(data))
        else if (event === 'serialized-error') throw new Error(data)
      }
      throw new Error(`a stream ended, ${response.statusCode}`)
    } catch (error) {
      if (!isClosed) onFailure(error as Error)
    }
  })
  call.on('error', (error) => {
    if (!isClosed) onFailure(error)
  })
  return {
    close() {
      isClosed = true
      call.destroy()
    },
  }
}

function overWebSocket(
  { url, token, ...input }: SubscriberOptions,
  onStreamEntry: (entry: StreamEntry) => void,
  onFailure: (error: Error) => void,
): Subscriber {
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${token}` },
    // Takes less of the machine than the built-in one.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  })
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  const subscription = api.service.messages.subscribe.subscribe(input, {
    onData: ({ data }) => onStreamEntry(data),
    onError: onFailure,
  })
  return {
    close() {
      subscription.unsubscribe()
      client.close()
    },
  }
}
