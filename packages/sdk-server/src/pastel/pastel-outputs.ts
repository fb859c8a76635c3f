import { z } from 'zod'
import { pastelId } from '../rest/schemas.ts'

/** What the endpoints answer, as the Python layer has it: for the document, and for tests. */
const time = z.string().meta({ description: 'UTC, such as `2026-01-31T12:00:00.000000`.' })

const columns = {
  supernode_status: z.string(),
  protocol_version: z.string(),
  supernode_psl_address: z.string(),
  activeseconds: z.number(),
  lastpaidblock: z.number(),
  'ipaddress:port': z.string(),
  rank: z.number().nullable(),
  pubkey: z.string(),
  extAddress: z.string(),
  extP2P: z.string(),
  extKey: z.string(),
  activedays: z.number(),
}

export const supernodeRow = z
  .object({ ...columns, lastseentime: z.number(), lastpaidtime: z.number() })
  .meta({ id: 'SupernodeRow', description: 'Of the list. Times in ms since 1970.' })

export const supernodeDatum = z
  .object({ ...columns, lastseentime: time, lastpaidtime: time, ipaddress_port: z.string() })
  .meta({ id: 'Supernode' })

export const liveness = z.object({ status: z.literal('alive'), timestamp: z.string() })

export const localInfo = z.object({
  local_machine_supernode_data: supernodeDatum,
  local_sn_rank: z.number().nullable(),
  local_sn_pastelid: z.string(),
  local_machine_ip_with_proper_port: z.string(),
})

export const tableMessage = z
  .object({
    message: z.string().meta({ description: 'The text.' }),
    message_type: z.string(),
    sending_sn_pastelid: pastelId,
    receiving_sn_pastelid: pastelId,
    sending_sn_txid_vout: z.string(),
    receiving_sn_txid_vout: z.string(),
    message_body: z.string().meta({
      description:
        'JSON with `message`, `message_type`, `signature`, `sending_sn_pubkey`: what pasteld carries.',
    }),
    signature: z.string().meta({ description: 'By the sender, over the text; empty: it made none.' }),
    timestamp: time,
    id: z.string().meta({ description: 'As everywhere in the API of this node.' }),
  })
  .meta({ id: 'SupernodeMessage' })

export const sendAnswer = z
  .object({
    status: z.literal('success'),
    message: z.string(),
    recipients: z.array(
      z.object({
        pastelid: pastelId,
        id: z.string().optional().meta({ description: 'For `/api/v1/messages/{id}/delivery`.' }),
        status: z.enum(['accepted', 'waiting-for-certificate', 'not-a-member']),
      }),
    ),
  })
  .meta({ id: 'SentToSupernodes' })

export const challengeAnswer = z.object({ challenge: z.string(), challenge_id: z.string() })

export const userMessageAnswer = z
  .object({
    from_pastelid: pastelId,
    to_pastelid: pastelId,
    message_body: z.string(),
    message_signature: z.string(),
    id: z.number().int(),
    timestamp: time,
  })
  .meta({ id: 'UserMessage', description: 'The `id` is the same at all supernodes that keep it.' })

export const sentUserMessage = z.object({
  message: z.string(),
  message_type: z.literal('user_message'),
  sending_sn_pastelid: pastelId,
  timestamp: time,
  id: z.number().int(),
  user_message: userMessageAnswer,
  supernodes: z.array(pastelId).meta({ description: 'Which were given it: of the three closest, members.' }),
})

/** Whatever is refused. */
export const pastelError = z
  .object({
    detail: z.union([
      z.string(),
      z.array(
        z.object({
          type: z.string(),
          loc: z.array(z.union([z.string(), z.number()])),
          msg: z.string(),
        }),
      ),
    ]),
    status: z.literal('error').optional(),
    message: z.string().optional(),
    recipients: z.array(z.unknown()).optional(),
  })
  .meta({ id: 'PastelError', description: 'What was wrong; of an input (422) one of each problem.' })
