import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { API_PATH } from './api-path.ts'
import { documentationPage } from './documentation-page.ts'
import { openApiDocument } from './openapi-document.ts'
import type { Operation } from './operations.ts'

export interface DocumentsOptions {
  /** Where the server is reached, for the examples; undefined: where who looks has reached it. */
  readonly url: string | undefined
  /** Whether Pastel's endpoints are served. */
  readonly withPastel: boolean
}

/**
 * Serves what says how the API is called, to whoever reaches the server: the page, and the document for tools.
 */
export function serveDocuments(
  fastify: FastifyInstance,
  operations: readonly Operation[],
  { url, withPastel }: DocumentsOptions,
): void {
  // Made when somebody first asks: it takes some ms.
  let document: string | undefined
  fastify.get(`${API_PATH}/openapi.json`, (_, reply) => {
    document ??= JSON.stringify(openApiDocument(operations, { withPastel }))
    return reply.type('application/json').send(document)
  })
  // Browsers ask for it, and would take its absence for a fault of the page.
  fastify.get('/favicon.ico', (_, reply) => reply.code(204).send())
  const page = ({ protocol, host }: FastifyRequest, reply: FastifyReply) =>
    reply
      .type('text/html; charset=utf-8')
      .send(documentationPage(operations, url ?? `${protocol}://${host}`, { withPastel }))
  fastify.get('/', page)
  if (withPastel) fastify.get('/redoc', page)
}
