import { isPastelId, PASTEL_ID_LENGTH, parsePastelId } from '@pastel-mesh/identity'
import { z } from 'zod'

export const pastelIdInput = z
  .string()
  .refine(isPastelId, 'not a PastelID')
  .meta({
    description: 'A PastelID, with its checksum.',
    minLength: PASTEL_ID_LENGTH,
    maxLength: PASTEL_ID_LENGTH,
  })
  .transform(parsePastelId)
