import { TRPCError } from '@trpc/server'
import superjson, { type SuperJSONResult } from 'superjson'

/** What JSON does not have and inputs may: the others cost more than their length, or mean nothing to this API. */
const TAKEN = new Set(['undefined', 'Date', 'number'])
/** A thousand messages, each with all of its optional fields undefined, have six thousand. */
const MAX_ANNOTATIONS = 10_000
const WRONG = 'the annotations (meta.values) are wrong'

/**
 * superjson for what comes from outside. Of its annotations only those of single values are taken: sets, maps and
 * objects that are in several places let a short request become one of any size. What was one object in several places
 * comes as equal objects, which is all that JSON says of it.
 */
export const inputTransformer = {
  serialize: superjson.serialize,
  /** @throws TRPCError BAD_REQUEST */
  deserialize(input: SuperJSONResult | null | undefined): unknown {
    // Over a WebSocket, of a call that has none.
    if (input === undefined) return undefined
    // What somebody writes by hand.
    if (typeof input !== 'object' || input === null)
      throw refusal('the input is wrong: give an object with `json`')
    const { json, meta } = input
    const values: unknown = meta?.values
    if (values === undefined || values === null) return json
    const annotations = Array.isArray(values) ? [values] : Object.values(values)
    if (annotations.length > MAX_ANNOTATIONS) {
      throw refusal(`${WRONG}: ${annotations.length} values are annotated, and ${MAX_ANNOTATIONS} may be`)
    }
    if (!annotations.every(isTaken))
      throw refusal(`${WRONG}: only ${[...TAKEN].join(', ')} are taken, each as ["Date"]`)
    try {
      return superjson.deserialize({ json, meta: { values: values as never, v: meta?.v ?? 0 } as never })
    } catch (cause) {
      throw refusal(`${WRONG}: ${(cause as Error).message}`)
    }
  },
}

function isTaken(annotation: unknown): boolean {
  // With more than one item it has others below it.
  return Array.isArray(annotation) && annotation.length === 1 && TAKEN.has(annotation[0])
}

function refusal(reason: string): TRPCError {
  return new TRPCError({ code: 'BAD_REQUEST', message: reason })
}
