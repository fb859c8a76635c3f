import { isPastelId, parsePastelId } from '@pastel-mesh/identity'
import { z } from 'zod'

export const pastelIdInput = z.string().refine(isPastelId, 'not a PastelID').transform(parsePastelId)
