import type { AppRouter, BeginningOutput, EntryOutput } from '@pastel-mesh/sdk-server'
import type { inferRouterInputs } from '@trpc/server'
import type { PastelMeshError } from './pastel-mesh-error.ts'
import type { OpenStream } from './stream/resumed-stream.ts'

type SubscribeInput = inferRouterInputs<AppRouter>['service']['messages']['subscribe']

/** Which messages, and where to begin: with one of `from`, `since` and `last`. */
export interface IterateOptions extends Omit<SubscribeInput, 'lastEventId'> {
  /**
   * The cursor of the last entry that was dealt with; `start`: the oldest stored message; `now`: what the node takes in
   * from now on. @default 'now'
   */
  readonly from?: string
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
  /** Hears that the node is not reached and of the next attempt. @default ignored */
  readonly onReconnect?: (error: PastelMeshError, delayMs: number) => void
}

/** A message, or what is to be known of messages that are not there: those have a `kind`. */
export type Entry = EntryOutput

/** The messages that a node keeps. */
export interface Messages {
  /**
   * What is stored, then what comes, each entry once and in the order of the node: without end, across lost connections
   * and restarts of the node. No faster than it is taken. To go on after the end of this process, save the `cursor` of
   * each entry that was dealt with, and give it as `from`.
   *
   * @throws PastelMeshError what trying again does not change: a wrong option, no role for it, a login that is refused
   * @example
   * for await (const entry of client.messages.iterate({ topic: 'prices', from: await load() })) {
   *   if ('kind' in entry) console.warn(entry.kind) // such as `lost`: never silence
   *   else console.log(entry.sender, entry.json)
   *   await save(entry.cursor)
   * }
   */
  iterate(options?: IterateOptions): AsyncGenerator<Entry, void>
}

/** @param newest the cursor of the newest entry of the node, or `start` */
export function createMessages(
  open: OpenStream,
  newest: (signal?: AbortSignal) => Promise<string>,
): Messages {
  return {
    async *iterate({ signal, onReconnect, ...input }: IterateOptions = {}) {
      const { from = 'now', since, last } = input
      const isNow = from === 'now' && since === undefined && last === undefined
      // Whoever loses the connection before the server has said where it begins has to know since when to look.
      const begin = async () => (isNow ? { ...input, from: await newest(signal) } : input)
      const stream = open('service.messages.subscribe', begin, { signal, onReconnect })
      for await (const { data } of stream) {
        const entry = data as Entry | BeginningOutput
        // Its id is what the stream goes on from; it is nothing to deal with.
        if (!('kind' in entry) || entry.kind !== 'beginning') yield entry as Entry
      }
    },
  }
}
