import { MeshError } from '@pastel-mesh/identity'
import { PartlySentError, type Refusal, RefusedError, type Sent } from '@pastel-mesh/sdk-node'
import type { TRPCDefaultErrorShape, TRPCError } from '@trpc/server'
import { z } from 'zod'
import { RateLimitError } from './auth/rate-limit-error.ts'

/** Problems of one input that are named; the thousandth says no more than the fifth. */
const MAX_PROBLEMS = 5

export interface ErrorData {
  code: TRPCDefaultErrorShape['data']['code']
  httpStatus: number
  /** The procedure. */
  path?: string
  /** Of our own errors: stable, like `ERR_TOPIC_NAME`. */
  meshCode?: string
  /** Of a connection that one of the two ends refused. */
  refusal?: Refusal
  /** Of a `send` that failed after a part was accepted: that part. */
  sent?: readonly Sent[]
  /** Why the rest was not: a code as `meshCode`. */
  causeCode?: string
  /** Of what was too much: when it may work. */
  retryAfterMs?: number
}

/**
 * The shape of an error as a client gets it: our own errors keep their code, and their message unless they are faults of
 * this program or its disk; a wrong input is described in one line, others do not show.
 */
export function formatError({ shape, error }: { shape: TRPCDefaultErrorShape; error: TRPCError }) {
  const { code, httpStatus, path } = shape.data
  const data: ErrorData = { code, httpStatus, ...(path === undefined ? {} : { path }) }
  if (error.cause instanceof MeshError) data.meshCode = error.cause.code
  if (error.cause instanceof RateLimitError) data.retryAfterMs = error.cause.retryAfterMs
  if (error.cause instanceof RefusedError) data.refusal = error.cause.refusal
  if (error.cause instanceof PartlySentError) {
    const { sent, cause } = error.cause
    data.sent = sent
    if (cause instanceof MeshError) data.causeCode = cause.code
  }
  return { ...shape, message: describe(error, shape), data }
}

/** Whether an error is none that a caller was meant to see, such as what a database says: it goes to the node's log. */
export function isInternal({ code }: TRPCError): boolean {
  return code === 'INTERNAL_SERVER_ERROR'
}

function describe(error: TRPCError, shape: TRPCDefaultErrorShape): string {
  const { cause } = error
  if (isInternal(error)) return 'an internal error: see the log of the node'
  if (cause instanceof z.core.$ZodError) return describeInput(cause.issues)
  if (cause instanceof MeshError) return cause.message
  if (error.code === 'PAYLOAD_TOO_LARGE') return 'the request is too large: send fewer messages at a time'
  return shape.message
}

function describeInput(issues: readonly z.core.$ZodIssue[]): string {
  const named = issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const where = z.core.toDotPath(issue.path)
    return where === '' ? describeIssue(issue) : `${where}: ${describeIssue(issue)}`
  })
  const more = issues.length - named.length
  return `the input is wrong: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

/** What is counted of an input; of a number nothing is. */
const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'items' }

/** What the library says of these is for whoever wrote the schema. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'it is missing'
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue.message
  const unit = UNITS[issue.origin]
  if (issue.code === 'too_big') {
    return unit === undefined
      ? `it is more than ${issue.maximum}`
      : `it has more than ${issue.maximum} ${unit}`
  }
  if (unit === undefined) return `it is less than ${issue.minimum}`
  return issue.minimum === 1 ? 'it is empty' : `it has less than ${issue.minimum} ${unit}`
}
