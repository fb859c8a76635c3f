import { utf8Bytes } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'

/** As many as one call of our API may have. */
const MAX_RECIPIENTS = 1_000
/** What a header of a message takes. */
const MAX_MESSAGE_TYPE = 1_024
/** With the rest of the body it is what strangers send. */
const MAX_USER_MESSAGE = 48 * 1024
const YEAR_MINUTES = 365 * 24 * 60
/** Messages of one answer. */
const MAX_ANSWERED = 1_000

const secret = z.string().max(1_024).meta({ format: 'password' })
/** As FastAPI takes it: Python's `True` is a text in an address. */
const FLAG_WORDS = /^(?:true|false|on|off|yes|no|y|n|t|f|1|0)$/i
const noFlag = { error: 'it is none of true, false, on, off, yes, no, y, n, t, f, 1, 0, in capitals or not' }
const flag = z
  .union([z.literal(0), z.literal(1), z.boolean(), z.string().regex(FLAG_WORDS, noFlag)], noFlag)
  .default(0)

const messageType = z
  .string()
  .min(1)
  .max(MAX_MESSAGE_TYPE)
  .refine((text) => utf8Bytes(text) <= MAX_MESSAGE_TYPE, 'it has more than 1024 bytes')

const messageInput = {
  message: z.string().meta({ description: 'The text: 256 KiB in a body, about 8 in the query.' }),
  message_type: messageType,
}
const passphraseInput = {
  pastelid_passphrase: secret.meta({
    description:
      'Of the PastelID of this node. Better in the body, or in the header `pastelid-passphrase`: addresses end up in histories.',
  }),
}

export const sendMessageInput = z.object({
  ...messageInput,
  receiving_sn_pastelid: pastelIdInput,
  ...passphraseInput,
})

export const broadcastInput = z.object({
  ...messageInput,
  list_of_receiving_sn_pastelids: z.array(pastelIdInput).min(1).max(MAX_RECIPIENTS).meta({
    description: 'The name again for each; one text with commas, or a JSON array, is taken as well.',
  }),
  ...passphraseInput,
  verbose: flag,
})

export const broadcastToAllInput = z.object({ ...messageInput, ...passphraseInput, verbose: flag })

export const getMessagesInput = z.object({
  last_k_minutes: z.number().int().min(1).max(YEAR_MINUTES).default(100),
  message_type: messageType.default('all'),
  limit: z.number().int().min(1).max(MAX_ANSWERED).default(MAX_ANSWERED).meta({ description: 'The newest.' }),
})

export const pastelIdOnly = z.object({ pastelid: pastelIdInput })
export const publicKeyOnly = z.object({ pubkey: z.string().regex(/^[0-9a-fA-F]{2,1024}$/) })

/** Who proves that a PastelID is its own: with a challenge of this node, and the signature of its text. */
const proof = {
  challenge: z.string().max(200),
  challenge_id: z.string().max(100),
  challenge_signature: z.string().max(200),
}

export const sendUserMessageInput = z.object({
  user_message: z.object({
    from_pastelid: pastelIdInput,
    to_pastelid: pastelIdInput,
    message_body: z.string().min(1).max(MAX_USER_MESSAGE),
    message_signature: z.string().max(200),
  }),
  ...proof,
})

export const getUserMessagesInput = z.object({
  pastelid: pastelIdInput,
  ...proof,
  limit: z.number().int().min(1).max(MAX_ANSWERED).default(MAX_ANSWERED).meta({ description: 'The newest.' }),
  before_id: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Only what came before that one: the `id` of the last of a page.' }),
})
