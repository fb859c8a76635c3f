import { MAX_TYPE_BYTES } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { MAX_PAGE_MESSAGES } from './page.ts'
import { timeInput } from './time-schema.ts'

const type = z.string().min(1).max(MAX_TYPE_BYTES).optional()

/** Which messages are meant, in every procedure that gives some. */
export const messageFilter = {
  topic: z.string().optional(),
  sender: pastelIdInput.optional(),
  type,
}

/** Which page of direct messages is meant: as in `messages.list`. */
export const pageInput = {
  type,
  since: timeInput.optional(),
  until: timeInput.optional(),
  from: z.string().optional(),
  oldestFirst: z.boolean().default(false),
  limit: z.number().int().min(1).max(MAX_PAGE_MESSAGES).default(100),
}
