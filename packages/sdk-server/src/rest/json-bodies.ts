import type { FastifyInstance } from 'fastify'
import { isTooDeep } from '../transport/json-depth.ts'
import { TOO_DEEP } from '../transport/refusal.ts'

/** What is said of it is {@link TOO_DEEP}. */
export class TooDeepError extends Error {}

/** JSON, not too deep for what goes through it recursively. */
export function parseJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error')
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isTooDeep(body)) done(new TooDeepError(TOO_DEEP.message))
    else parse(request, body, done)
  })
}
