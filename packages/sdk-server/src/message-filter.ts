import { isPastelId, parsePastelId } from '@pastel-mesh/identity'
import { MAX_TYPE_BYTES } from '@pastel-mesh/protocol'
import { z } from 'zod'

const pastelId = z.string().refine(isPastelId, 'not a PastelID').transform(parsePastelId)

/** Which messages are meant, in every procedure that gives some. */
export const messageFilter = {
  topic: z.string().optional(),
  sender: pastelId.optional(),
  type: z.string().min(1).max(MAX_TYPE_BYTES).optional(),
}
