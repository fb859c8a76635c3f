import { MeshError } from '@pastel-mesh/identity'
import type { TRPCDefaultErrorShape, TRPCError } from '@trpc/server'

/** The shape of an error as a client gets it: our own errors keep their code and message, others do not show. */
export function formatError({ shape, error }: { shape: TRPCDefaultErrorShape; error: TRPCError }) {
  const { cause } = error
  if (cause instanceof MeshError) {
    return { ...shape, message: cause.message, data: { ...shape.data, meshCode: cause.code } }
  }
  const message =
    error.code === 'INTERNAL_SERVER_ERROR' ? 'an internal error: see the log of the node' : shape.message
  return { ...shape, message, data: { ...shape.data, meshCode: undefined } }
}
