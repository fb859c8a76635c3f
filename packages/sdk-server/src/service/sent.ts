import type { PastelId } from '@pastel-mesh/identity'
import type { Context } from '../trpc.ts'
import { type DeliveryOutput, toDeliveryOutput } from './delivery.ts'
import type { MessageOutput } from './message-schema.ts'
import { type PageRequest, readPage } from './page.ts'

/** A direct message of this node, and what is known of its delivery. */
export type SentOutput = MessageOutput & { readonly delivery: DeliveryOutput }

/** A message that waits for its recipient's certificate: it is no message of a log yet. */
export interface WaitingOutput {
  readonly id: string
  readonly recipient: PastelId
  readonly expiresAtMs: number
}

export interface SentPage {
  readonly messages: SentOutput[]
  /** What waits for certificates, with the first page only, the oldest first. */
  readonly waiting: WaitingOutput[]
  /** Where the next page begins, in the same direction; absent: this one is the last. */
  readonly next?: string | undefined
}

/** @throws StorageError ERR_CURSOR */
export async function readSent(
  {
    to,
    ...request
  }: Omit<PageRequest, 'recipient' | 'direct' | 'sender' | 'topic'> & {
    readonly to?: PastelId | undefined
  },
  context: Context,
): Promise<SentPage> {
  const { messages, next } = await readPage({ ...request, direct: 'sent', recipient: to }, context)
  const sent: SentOutput[] = []
  for (const message of messages) {
    const delivery = await deliveryOf(message.id, context)
    if (delivery !== undefined) sent.push({ ...message, delivery })
  }
  const waiting = request.from === undefined ? context.node.waiting() : []
  return {
    messages: sent,
    waiting: waiting.filter(({ recipient }) => to === undefined || recipient === to),
    next,
  }
}

/** Undefined: it was removed meanwhile. */
async function deliveryOf(id: string, { node }: Context): Promise<DeliveryOutput | undefined> {
  try {
    return toDeliveryOutput(await node.status(id), node)
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_UNKNOWN_MESSAGE') return undefined
    throw error
  }
}
