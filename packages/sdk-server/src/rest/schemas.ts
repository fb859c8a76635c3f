import { z } from 'zod'

/** What answers are made of, as JSON: for the document, and for the tests. Times are ms since 1970 where the name says so. */
const count = z.number().int().min(0)
const timeMs = z.number().int().meta({ description: 'A time, in ms since 1970.' })

export const pastelId = z.string().meta({ id: 'PastelId', description: 'A PastelID: 86 characters.' })
const messageId = z.string().meta({
  id: 'MessageId',
  description: 'Names a message everywhere: the log of its sender, and the position in it.',
})
const cursor = z
  .string()
  .meta({ id: 'Cursor', description: 'A place in the order in which this node took messages in.' })
const next = cursor.optional().meta({
  description: 'Where the next page begins: give it as `from`. Absent: this page is the last.',
})

const place = {
  topic: z.string().optional().meta({ description: 'Of a message to a topic.' }),
  direct: z.enum(['received', 'sent']).optional().meta({ description: 'Of a direct message.' }),
  recipient: pastelId.optional(),
}

const body = {
  text: z.string().optional().meta({ description: 'The body, if it is text.' }),
  json: z.unknown().optional().meta({ description: 'The body, if it is JSON.' }),
  base64: z.string().optional().meta({ description: 'The body, if it is neither, in base64.' }),
}

export const message = z
  .object({
    id: messageId,
    sender: pastelId,
    ...place,
    position: count.meta({ description: 'In the log of its sender.' }),
    arrival: count.meta({ description: 'In the order in which this node took messages in.' }),
    cursor,
    type: z.string(),
    createdAtMs: timeMs.meta({ description: 'By the clock of its sender, in ms since 1970.' }),
    receivedAtMs: timeMs.meta({ description: 'When this node took it in, in ms since 1970.' }),
    replyTo: z.string().optional(),
    expiresAtMs: timeMs.optional(),
    via: z.string().optional().meta({ description: 'The way that it came or went, if not by the mesh.' }),
    isLate: z.boolean().optional().meta({ description: 'It had been given up for lost before it came.' }),
    headers: z.record(z.string(), z.string()),
    ...body,
  })
  .meta({ id: 'Message', description: 'A stored message. Its body is one of `text`, `json` and `base64`.' })

export const notice = z
  .object({
    kind: z.enum(['lost', 'before-history', 'foreign-cursor', 'pruned']),
    cursor,
    sender: pastelId.optional(),
    topic: z.string().optional(),
    log: z.string().optional(),
    first: count.optional(),
    last: count.optional(),
    reason: z.string().optional(),
    arrival: count.optional(),
    receivedAtMs: timeMs.optional(),
  })
  .meta({
    id: 'Notice',
    description: 'Says of messages that they are not there, or why reading began elsewhere.',
  })

export const messagePage = z
  .object({ messages: z.array(message), notices: z.array(notice), next })
  .meta({ id: 'MessagePage' })

const receipt = z
  .object({ createdAtMs: timeMs, receipt: z.string(), certificate: z.string() })
  .meta({ id: 'Receipt', description: 'What a member signed, and the certificate of its key, in base64.' })

export const delivery = z
  .object({
    id: z.string(),
    recipient: pastelId,
    sentAgainAs: z.string().optional(),
    state: z.enum([
      'waiting-for-certificate',
      'accepted',
      'left-with-mailboxes',
      'handed-over',
      'delivered',
      'rejected',
      'lost',
      'expired',
    ]),
    via: z.string().optional().meta({ description: 'The way that it went, if not by the mesh.' }),
    isConnected: z.boolean().meta({ description: 'Whether the recipient is connected now.' }),
    mailboxes: z.array(pastelId).meta({ description: 'Who keeps it for the recipient.' }),
    reason: z.string().optional(),
    receipt: receipt.optional(),
    expiresAtMs: timeMs,
  })
  .meta({ id: 'Delivery', description: 'What is known of the delivery of a direct message.' })

export const sentPage = z
  .object({
    messages: z.array(message.extend({ delivery }).meta({ id: 'SentMessage' })),
    waiting: z
      .array(z.object({ id: z.string(), recipient: pastelId, expiresAtMs: timeMs }))
      .meta({ description: 'What waits for certificates of recipients; with the first page only.' }),
    next,
  })
  .meta({ id: 'SentPage' })

export const published = z.object({ ids: z.array(messageId) }).meta({ id: 'Published' })

export const sent = z
  .object({
    sent: z.array(
      z.object({
        recipient: pastelId,
        id: z.string(),
        state: z.enum(['accepted', 'waiting-for-certificate']),
      }),
    ),
  })
  .meta({ id: 'Sent' })

export const proof = z.object({ envelope: z.string(), predecessor: z.string().optional() }).meta({
  id: 'Proof',
  description: 'The signed batch that holds a message, and the one before it, in base64.',
})

export const disclosure = z
  .object({ id: z.string(), disclosure: z.string(), messages: count })
  .meta({ id: 'Disclosure' })

export const storedBy = z
  .object({
    id: z.string(),
    topic: z.string(),
    stored: count,
    members: z.array(
      z.object({
        pastelId,
        state: z.enum(['stored', 'not-yet', 'rejected', 'lost', 'unknown']),
        reason: z.string().optional(),
        receipt: receipt.optional(),
      }),
    ),
  })
  .meta({ id: 'StoredBy' })

const counts = { messages: count, batches: count, bytes: count }

export const totals = z
  .object({ taken: z.object(counts), stored: z.object({ ...counts, floor: count, end: count }) })
  .meta({ id: 'Totals' })

export const countPage = z
  .object({
    counts: z.array(
      z.object({
        sender: pastelId.optional(),
        topic: z.string().optional(),
        recipient: pastelId.optional(),
        ...counts,
      }),
    ),
    size: count.meta({ description: 'How many there are, those of other pages included.' }),
    others: z.object(counts).meta({ description: 'What came when all counters were taken, together.' }),
  })
  .meta({ id: 'CountPage' })

export const ping = z.object({ time: z.iso.datetime() }).meta({ id: 'Pong' })

export const info = z
  .object({
    version: z.string(),
    network: z.string(),
    pastelId,
    peerId: z.string(),
    limits: z.object({
      batchCalls: count.meta({ description: 'Calls of one request over tRPC.' }),
      bodyBytes: count.meta({ description: 'Bytes of a request.' }),
      callMessages: count.meta({
        description: 'Messages of one call that sends, those of each recipient counted.',
      }),
      pageMessages: count.meta({ description: 'Messages of a page.' }),
      pageBytes: count.meta({ description: 'Bytes of bodies after which a page ends.' }),
    }),
  })
  .meta({ id: 'Info' })

export const topics = z
  .object({
    topics: z.array(
      z.object({
        topic: z.string(),
        peers: z.array(pastelId).meta({ description: 'Connected members that subscribe to it.' }),
        taken: z.object(counts).optional().meta({
          description: 'What was ever taken in for it. Absent: nothing yet, or it has no counter of its own.',
        }),
      }),
    ),
  })
  .meta({ id: 'Topics' })

export const memberPage = z
  .object({
    isOpen: z.boolean().meta({ description: 'Everybody is a member, and nobody is listed.' }),
    size: count.meta({ description: 'How many members there are.' }),
    members: z.array(z.object({ pastelId, role: z.string(), isConnected: z.boolean() })),
  })
  .meta({ id: 'MemberPage' })
