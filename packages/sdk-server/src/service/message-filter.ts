import { MAX_TYPE_BYTES } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { MAX_PAGE_MESSAGES } from './page.ts'
import { timeInput } from './time-schema.ts'

const type = z.string().min(1).max(MAX_TYPE_BYTES).optional()

/** Which messages are meant, in every procedure that gives some. */
export const messageFilter = {
  topic: z.string().optional(),
  /** Only what came to this node's inbox. */
  inbox: z.boolean().optional(),
  sender: pastelIdInput.optional(),
  type,
}

export const ONE_CHANNEL = 'give a topic, or ask for the inbox, not both'

export function isOneChannel(filter: { topic?: string | undefined; inbox?: boolean | undefined }): boolean {
  return filter.topic === undefined || filter.inbox !== true
}

/** What the node calls the filter for its inbox. */
export function directOf(inbox: boolean | undefined): 'received' | undefined {
  return inbox === true ? 'received' : undefined
}

/** Which page of messages is meant, and in which direction it is read. */
export const pageInput = {
  type,
  since: timeInput.optional(),
  until: timeInput.optional(),
  from: z.string().optional(),
  oldestFirst: z.boolean().default(false),
  limit: z.number().int().min(1).max(MAX_PAGE_MESSAGES).default(100),
}
