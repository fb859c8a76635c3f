import { MeshError } from '@pastel-mesh/identity'
import { followMessages, type ReceivedEntry } from '@pastel-mesh/sdk-node'
import { formatCursor, parseCursor } from '@pastel-mesh/storage'
import { tracked } from '@trpc/server'
import { z } from 'zod'
import { type Connection, type Context, toTrpcError } from '../trpc.ts'
import { directOf, isOneChannel, messageFilter, ONE_CHANNEL } from './message-filter.ts'
import { type EntryOutput, toEntryOutput } from './message-schema.ts'
import { MAX_PAGE_MESSAGES } from './page.ts'
import { timeInput } from './time-schema.ts'

/** Where to begin: at most one of these. */
const beginnings = {
  /** A cursor; `start`: the oldest stored message; `now`. */
  from: z.string().optional(),
  /** What this node took in at this time or later. */
  since: timeInput.optional(),
  /** So many of the newest that are stored. */
  last: z.number().int().min(1).max(MAX_PAGE_MESSAGES).optional(),
}

export const subscribeInput = z
  .strictObject({
    ...messageFilter,
    ...beginnings,
    /** Of whoever connects again: the id of the last event, which is its cursor. Goes before all others. */
    lastEventId: z.string().optional(),
  })
  .refine(
    (input) =>
      Object.keys(beginnings).filter((key) => input[key as keyof typeof beginnings] !== undefined).length <=
      1,
    'give one of from, since and last',
  )
  .refine(isOneChannel, ONE_CHANNEL)

/** What is asked for when one subscribes. */
export type SubscribeInput = z.input<typeof subscribeInput>
type SubscribeRequest = z.output<typeof subscribeInput>

/** The first event of each subscription: nothing has come yet, and this is where whoever connects again goes on. */
export interface BeginningOutput {
  readonly kind: 'beginning'
  /** Or `start`, if that was asked for. */
  readonly cursor: string
}

/**
 * Where it begins, then what is stored from there on, then what comes, each with its cursor as the id of the event. No
 * faster than it is taken: whoever is slow is read for from the disk. When the server stops it ends with ERR_STOPPED;
 * over a WebSocket it ends together with that, without an error.
 */
export function subscribe(request: SubscribeRequest, context: Context, signal?: AbortSignal) {
  return failingHandled(followEntries(request, context, signal), context.connection)
}

async function* followEntries(request: SubscribeRequest, context: Context, signal?: AbortSignal) {
  const { node, store, followers, session, connection } = context
  try {
    // The procedure is for nobody without one.
    if (session === undefined) throw new MeshError('ERR_NOT_LOGGED_IN', 'log in to follow')
    const leave = followers.enter(session)
    try {
      const { stopping } = followers
      const { topic, inbox, sender, type } = request
      const from = await findBeginning(request, context)
      const entries = followMessages(store, {
        own: node.pastelId,
        isDouble: node.isDouble,
        ...given({ topic, direct: directOf(inbox), sender, type }),
        from,
        // Whoever is logged out, or whose key is taken away, hears no more either.
        signal: AbortSignal.any([stopping, signal, session.ended].filter((one) => one !== undefined)),
      })
      // Before anything has come: "now" and the newest would be others when one connects again.
      yield told(from, { kind: 'beginning', cursor: from })
      for await (const entry of entries) yield told(entry.cursor, toEntryOutput(entry, node.pastelId))
    } finally {
      leave()
    }
  } catch (error) {
    // An error would be the end of it to the client, which goes on by itself when it has connected again.
    if (followers.stopping.aborted) await connection?.closed
    // Whoever is gone needs no error.
    if (signal?.aborted !== true) throw toTrpcError(error)
  }
}

function told(cursor: string, output: EntryOutput | BeginningOutput) {
  return tracked(cursor, output)
}

/** @returns a cursor, or `start` */
async function findBeginning(
  { topic, inbox, sender, type, since, last, ...request }: SubscribeRequest,
  { node, store }: Context,
): Promise<string> {
  const from = request.lastEventId ?? request.from ?? 'now'
  if (from === 'start') return from
  if (from !== 'now') {
    // What is none is refused before it is told as one.
    parseCursor(from)
    return from
  }
  if (since !== undefined) return cursorAt(await store.positionAt(since))
  // Before the newest are looked for: what comes meanwhile is behind it.
  let position = store.end
  if (last !== undefined) {
    const asked = given({ topic, direct: directOf(inbox), sender, type })
    const newest = node.messages({ ...asked, reverse: true, limit: last })
    for await (const entry of newest) if (isPlaced(entry)) position = Math.min(position, entry.arrival)
  }
  return cursorAt(position)

  async function cursorAt(position: number): Promise<string> {
    return formatCursor(await store.cursorAt(position))
  }
}

function isPlaced(entry: ReceivedEntry): entry is Extract<ReceivedEntry, { arrival: number }> {
  return 'arrival' in entry
}

function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

/**
 * tRPC asks for the next entry before it is ready to wait for it, as long as the one before is on its way to a slow
 * reader: a failure meanwhile, such as the stop, must not end the process as one that nobody handles.
 */
function failingHandled<T>(entries: AsyncGenerator<T>, connection?: Connection): AsyncIterable<T, void> {
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const next = connection === undefined ? entries.next() : connection.taken().then(() => entries.next())
        next.catch(() => {})
        return next
      },
      return: () => entries.return(undefined),
    }),
  }
}
