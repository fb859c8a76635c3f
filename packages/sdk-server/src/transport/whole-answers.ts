import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Sends an answer of tRPC that is one JSON text with its length and in one piece: tRPC gives a stream, whose handling takes
 * longer than most calls do. What goes on for longer stays a stream.
 */
export async function sendWhole(_: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (!(payload instanceof Response) || !isOneJson(payload)) return payload
  reply.code(payload.status)
  for (const [name, value] of payload.headers) reply.header(name, value)
  return payload.text()
}

function isOneJson({ headers }: Response): boolean {
  return headers.get('content-type') === 'application/json' && !headers.has('transfer-encoding')
}
