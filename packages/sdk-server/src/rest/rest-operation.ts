import type { z } from 'zod'

/** What stands together on the documentation page. */
export const TAGS = {
  Node: 'The node that answers, and who is there.',
  Messages: 'Messages to topics: what this node and others published, as this node stores it.',
  Direct: 'Messages to one member alone, sealed.',
  Statistics: 'What this node ever took in.',
} as const

/**
 * What a procedure is over plain HTTP, below `/api/v1`: what reads takes its input from the path and the query, what
 * changes something takes a JSON body.
 */
export interface RestOperation {
  readonly method: 'GET' | 'POST'
  /** With names of the input in braces. */
  readonly path: `/${string}`
  readonly tag: keyof typeof TAGS
  /** A few words, as of a list. */
  readonly summary: string
  readonly description: string
  /** What it answers, as JSON. It describes and is checked by tests: to parse each would add a third to reading a page. */
  readonly output: z.ZodType
  /** It answers when something has happened: other calls over the same WebSocket do not wait for that. */
  readonly waits?: true
  readonly example: {
    /** By name; of what changes something, the body. */
    readonly input?: Readonly<Record<string, unknown>>
    readonly output: unknown
  }
}
