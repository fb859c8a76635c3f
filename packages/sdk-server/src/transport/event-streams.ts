import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import {
  type AnyRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  isTrackedEnvelope,
  TRPCError,
} from '@trpc/server'
import { isObservable, observableToAsyncIterable } from '@trpc/server/observable'
import type { Context } from '../trpc.ts'
import { TRPC_PATH } from './limits.ts'
import { untilAborted } from './until-aborted.ts'

const PREFIX = `${TRPC_PATH}/`
/** Nothing on the way may keep events back. */
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

export interface EventStreamsComponents {
  readonly router: AnyRouter
  readonly onError: (failure: { readonly error: TRPCError; readonly path: string }) => void
}

/**
 * Subscriptions as server-sent events, in the form that tRPC gives them and its clients read. What tRPC itself makes of
 * each event passes through five streams and generators, which takes several times as long as all else: some hundred
 * that follow would keep a processor busy.
 */
export class EventStreams {
  readonly #components: EventStreamsComponents
  readonly #subscriptions: ReadonlySet<string>

  constructor(components: EventStreamsComponents) {
    this.#components = components
    const procedures = Object.entries<{ _def: { type: string } }>(components.router._def.procedures)
    this.#subscriptions = new Set(
      procedures.filter(([, { _def }]) => _def.type === 'subscription').map(([name]) => name),
    )
  }

  /** Whether a request asks for a subscription, and for nothing beside it. */
  isAskedFor({ method, url = '' }: IncomingMessage): boolean {
    const { path, query } = partsOf(url)
    return method === 'GET' && this.#subscriptions.has(path) && !query.includes('batch=')
  }

  /**
   * Answers such a request, until the subscription or the connection ends, each of which ends the other: no more is
   * taken than is read.
   * @param headers beside those of the stream
   */
  async serve(
    { url = '', headers: asked, socket }: IncomingMessage,
    response: ServerResponse,
    context: () => Context | Promise<Context>,
    headers: Readonly<Record<string, OutgoingHttpHeader | undefined>> = {},
  ): Promise<void> {
    const { router, onError } = this.#components
    const { transformer, sse } = router._def._config
    const { path, query } = partsOf(url)
    // Who left before tells nobody any more.
    if (response.closed || socket.destroyed) return
    const gone = new AbortController()
    const leave = () => gone.abort()
    response.once('close', leave)
    // An answer that waits behind another one has no connection yet that it would close with.
    socket.once('close', leave)
    for (const [name, value] of Object.entries({ ...headers, ...HEADERS })) {
      if (value !== undefined) response.setHeader(name, value)
    }
    response.write(event('connected', JSON.stringify(sse?.client ?? {})))
    const ping = setTimeout(() => {
      // Whoever does not read gets no signs of life to keep.
      if (!response.writableNeedDrain) response.write(event('ping', ''))
      ping.refresh()
    }, sse?.ping?.intervalMs)
    gone.signal.addEventListener('abort', () => clearTimeout(ping))
    let ctx: Context | undefined
    let input: unknown
    try {
      ctx = await context()
      if (gone.signal.aborted) return
      const search = new URLSearchParams(query)
      const lastEventId = String(asked['last-event-id'] ?? search.get('lastEventId') ?? '')
      input = withPlace(readInput(search, transformer.input.deserialize), lastEventId)
      const values = await callTRPCProcedure({
        router,
        path,
        type: 'subscription',
        ctx,
        getRawInput: async () => input,
        signal: gone.signal,
        batchIndex: 0,
      })
      const write = eventWriter(transformer.output.serialize, lastEventId)
      for await (const value of untilAborted(iterableOf(values, gone.signal), gone.signal)) {
        if (!response.write(write(value))) await drained(response, gone.signal)
        if (gone.signal.aborted) break
        ping.refresh()
      }
      response.end(event('return', ''))
    } catch (cause) {
      // Whoever is gone needs no error.
      if (gone.signal.aborted) return
      const error = getTRPCErrorFromUnknown(cause)
      onError({ error, path })
      const about = { config: router._def._config, ctx, error, input, path, type: 'subscription' } as const
      const shape = transformer.output.serialize(getTRPCErrorShape(about))
      response.end(event('serialized-error', JSON.stringify(shape)))
    } finally {
      clearTimeout(ping)
      socket.off('close', leave)
    }
  }
}

function partsOf(url: string): { path: string; query: string } {
  const mark = url.indexOf('?')
  const end = mark < 0 ? url.length : mark
  return {
    path: url.startsWith(PREFIX) ? url.slice(PREFIX.length, end) : '',
    query: url.slice(end + 1),
  }
}

function readInput(query: URLSearchParams, deserialize: (value: never) => unknown): unknown {
  const text = query.get('input')
  if (text === null) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new TRPCError({ code: 'PARSE_ERROR', message: 'the input is no JSON', cause })
  }
  return deserialize(json as never)
}

/** With where whoever connects again goes on, if the input is one that has fields, or none: as tRPC itself does it. */
function withPlace(input: unknown, lastEventId: string): unknown {
  if (lastEventId === '') return input
  if (typeof (input ?? {}) !== 'object' || Array.isArray(input)) return input
  return { ...(input as object | null | undefined), lastEventId }
}

/** What a subscription returned: a generator, or something like one, or an observable. */
function iterableOf(values: unknown, signal: AbortSignal): AsyncIterable<unknown> {
  return isObservable(values) ? observableToAsyncIterable(values, signal) : (values as AsyncIterable<unknown>)
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`
}

/**
 * Writes values as events; browsers take the id of the last event that had one for that of each that has none.
 * @param lastEventId of the last event that the browser had before it connected again; empty: it had none
 */
function eventWriter(
  serialize: (value: unknown) => unknown,
  lastEventId: string,
): (value: unknown) => string {
  // In an address there may be what is no line.
  let last = /^$|[\n\r]/.test(lastEventId) ? undefined : lastEventId
  return (value) => {
    const [id, data] = isTrackedEnvelope(value) ? value : [undefined, value]
    const line = `data: ${JSON.stringify(serialize(data))}\n`
    if (id !== undefined) {
      last = id
      return `${line}id: ${id}\n\n`
    }
    return last === undefined ? `${line}\n` : `${line}id\n\nevent: restore-id\ndata: \nid: ${last}\n\n`
  }
}

/** Waits until what was written is taken, or nobody is there to take it. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    await once(response, 'drain', { signal })
  } catch {
    // What is read ends with the signal, too.
  }
}
