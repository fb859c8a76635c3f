import type { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import { z } from 'zod'
import { formatError } from '../error-format.ts'
import type { Refusal } from '../transport/refusal.ts'

/** What every refused or failed request is answered with. */
export const restError = z
  .object({
    code: z.string().meta({ description: 'What the status says, in a word.' }),
    message: z.string().meta({ description: 'What was wrong, and what to do.' }),
    meshCode: z.string().optional().meta({ description: 'Stable, such as `ERR_TOPIC_NAME`.' }),
    retryAfterMs: z.number().optional().meta({ description: 'Of what was too much: when it may work.' }),
    sent: z
      .array(z.object({ recipient: z.string(), id: z.string(), state: z.string() }))
      .optional()
      .meta({ description: 'Of `ERR_PARTLY_SENT`: what was stored.' }),
    causeCode: z.string().optional().meta({ description: 'Of `ERR_PARTLY_SENT`: why the rest was not.' }),
  })
  .meta({ id: 'Error' })

type RestError = z.output<typeof restError>

/** An error of a procedure, as the caller gets it. */
export function toRestError(error: TRPCError): { status: number; body: RestError } {
  const status = getHTTPStatusCodeFromError(error)
  const { message, data } = formatError({
    shape: { message: error.message, code: -32603, data: { code: error.code, httpStatus: status } },
    error,
  })
  const { httpStatus: _, path: __, ...about } = data
  return { status, body: { ...about, message } as RestError }
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_SUPPORTED',
  500: 'INTERNAL_SERVER_ERROR',
}

/** The same of a request that gets to no procedure. */
export function plainError(status: number, message: string): RestError {
  return { code: CODES[status] ?? 'BAD_REQUEST', message }
}

export function plainRefusal({ status: _, ...about }: Refusal): RestError {
  return about
}
