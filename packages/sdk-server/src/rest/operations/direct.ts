import type { RestOperation } from '../rest-operation.ts'
import { delivery, disclosure, sent, sentPage } from '../schemas.ts'
import { DELIVERY, DIRECT_ID, DIRECT_MESSAGE, PASTEL_ID } from './examples.ts'

export const sendMessages: RestOperation = {
  method: 'POST',
  path: '/messages/send',
  tag: 'Direct',
  summary: 'Send messages to members',
  description:
    'Seals, signs and stores them for each recipient; answers when they are on disk: recipient by recipient, in the order of the messages. If one is wrong, or a recipient is no member, none is stored; if it fails after some were stored, the error has the meshCode `ERR_PARTLY_SENT`, and `sent` names those.',
  output: sent,
  example: {
    input: { to: [PASTEL_ID], messages: [{ text: 'hello' }] },
    output: { sent: [{ recipient: PASTEL_ID, id: DIRECT_ID, state: 'accepted' }] },
  },
}

export const listSent: RestOperation = {
  method: 'GET',
  path: '/messages/sent',
  tag: 'Direct',
  summary: 'A page of what this node sent',
  description: 'The newest first unless `oldestFirst`, each with what is known of its delivery.',
  output: sentPage,
  example: {
    input: { to: PASTEL_ID, limit: 10 },
    output: { messages: [{ ...DIRECT_MESSAGE, direct: 'sent', delivery: DELIVERY }], waiting: [] },
  },
}

export const getDelivery: RestOperation = {
  method: 'GET',
  path: '/messages/{id}/delivery',
  tag: 'Direct',
  summary: 'What became of a direct message',
  description:
    'What is known of the delivery of a message of this node: at once, or with `waitMs` as soon as it does not change any more, or when that time is over.',
  output: delivery,
  waits: true,
  example: { input: { id: DIRECT_ID, waitMs: 10_000 }, output: DELIVERY },
}

export const discloseMessage: RestOperation = {
  method: 'GET',
  path: '/messages/{id}/disclosure',
  tag: 'Direct',
  summary: 'What shows a direct message to others',
  description: 'In base64: it shows a third party the message, and all others of its batch.',
  output: disclosure,
  example: { input: { id: DIRECT_ID }, output: { id: DIRECT_ID, disclosure: 'AAECAwQFBgc=', messages: 1 } },
}
