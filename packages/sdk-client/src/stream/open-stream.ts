import superjson, { type SuperJSONResult } from 'superjson'
import { type Fetch, reasonOf } from '../links/json-fetch.ts'
import type { PastelMeshError } from '../pastel-mesh-error.ts'
import { ofAnswer, ofShape, unreachable } from '../to-pastel-mesh-error.ts'
import { readEvents, type StreamEvent } from './event-stream.ts'

export interface StreamItem {
  /** Where to go on: the cursor of a `tracked` value. */
  readonly id: string | undefined
  readonly data: unknown
}

export interface StreamRequest {
  /** Of the routers. */
  readonly url: string
  /** The procedure. */
  readonly path: string
  readonly input: unknown
  readonly authorization: string | undefined
  readonly lastEventId: string | undefined
  readonly signal: AbortSignal | undefined
  /** Without a sign of the server for that long it counts as gone. */
  readonly idleMs: number
  readonly onOpen: () => void
}

/**
 * One connection that follows a subscription, to its end; no more is read than is taken.
 * @throws PastelMeshError what the server says, or that the connection ended before the subscription; the reason of the
 * signal
 */
export async function* openStream(fetch: Fetch, request: StreamRequest): AsyncGenerator<StreamItem, void> {
  const { idleMs, onOpen } = request
  const gone = new AbortController()
  try {
    const response = await awaited(fetch(urlOf(request), initOf(request, gone.signal)), gone, idleMs)
    if (!isEventStream(response) || response.body === null) throw await refusalOf(response)
    onOpen()
    for await (const event of readEvents(chunksOf(response.body, gone, idleMs))) {
      // An empty id is none: it keeps browsers from taking that of the event before for this one.
      if (event.event === 'message') yield { id: event.id || undefined, data: parse(event) }
      else if (event.event === 'serialized-error') throw ofShape(parse(event))
      else if (event.event === 'return') return
    }
  } catch (cause) {
    if (request.signal?.aborted || isOurs(cause)) throw cause
    throw unreachable(gone.signal.aborted ? `nothing came for ${idleMs / 1000} s` : reasonOf(cause), {
      cause,
    })
  } finally {
    gone.abort()
  }
  throw unreachable('the connection ended')
}

function urlOf({ url, path, input }: StreamRequest): string {
  if (input === undefined) return `${url}/${path}`
  return `${url}/${path}?${new URLSearchParams({ input: superjson.stringify(input) })}`
}

function initOf({ authorization, lastEventId, signal }: StreamRequest, gone: AbortSignal): RequestInit {
  return {
    headers: {
      accept: 'text/event-stream',
      ...(authorization === undefined ? {} : { authorization }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: signal === undefined ? gone : AbortSignal.any([signal, gone]),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  }
}

function isEventStream({ ok, headers }: Response): boolean {
  return ok && headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** What is answered instead of a stream. */
async function refusalOf(response: Response): Promise<PastelMeshError> {
  const body: unknown = await response.json().catch(() => undefined)
  const error = (body as { error?: SuperJSONResult } | undefined)?.error
  return error?.json === undefined ? ofAnswer(response.status, body) : ofShape(superjson.deserialize(error))
}

function isOurs(error: unknown): boolean {
  return (error as Error).name === 'PastelMeshError'
}

function parse({ data }: StreamEvent): unknown {
  return superjson.parse(data)
}

/** Reads when it is asked to, and no more than what it is asked for. */
async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  gone: AbortController,
  idleMs: number,
): AsyncGenerator<Uint8Array, void> {
  // Not every browser can go through a stream with `for await`.
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await awaited(reader.read(), gone, idleMs)
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** Ends the connection when it takes too long. */
async function awaited<T>(promise: Promise<T>, gone: AbortController, idleMs: number): Promise<T> {
  const timer = setTimeout(() => gone.abort(), idleMs)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}
