import type { RestOperation } from '../rest-operation.ts'
import { message, messagePage, proof, published, storedBy } from '../schemas.ts'
import { MESSAGE_ID, PASTEL_ID, TIME_MS, TOPIC_MESSAGE } from './examples.ts'

export const publishMessages: RestOperation = {
  method: 'POST',
  path: '/messages',
  tag: 'Messages',
  summary: 'Publish messages to a topic',
  description:
    'Signs and stores them; answers when they are on disk, with their ids in the same order. If one is wrong, none is stored. Each has exactly one of `text`, `json` and `base64`.',
  output: published,
  example: {
    input: {
      topic: 'prices',
      messages: [{ type: 'price', json: { usd: 1.25 }, headers: { currency: 'usd' } }],
    },
    output: { ids: [MESSAGE_ID] },
  },
}

export const listMessages: RestOperation = {
  method: 'GET',
  path: '/messages',
  tag: 'Messages',
  summary: 'A page of stored messages',
  description:
    'The newest first unless `oldestFirst`. `next`, given as `from`, goes on where a page ended that was not the last. `since` (included) and `until` (not included) are about the time at which this node took a message in: ms since 1970, or ISO 8601. `notices` says what would have stood between the messages; with `type`, nothing is said of what is lost. With `inbox`, only what came to the inbox of this node, also what has expired since then, as long as it is stored: `expiresAtMs` tells.',
  output: messagePage,
  example: {
    input: { topic: 'prices', since: '2026-01-31T00:00:00Z', limit: 10 },
    output: { messages: [TOPIC_MESSAGE], notices: [] },
  },
}

export const getMessage: RestOperation = {
  method: 'GET',
  path: '/messages/{id}',
  tag: 'Messages',
  summary: 'One stored message',
  description: 'Also a direct one, of those that this node sent or was sent.',
  output: message,
  example: { input: { id: MESSAGE_ID }, output: TOPIC_MESSAGE },
}

export const proveMessage: RestOperation = {
  method: 'GET',
  path: '/messages/{id}/proof',
  tag: 'Messages',
  summary: 'What proves a message',
  description:
    'The signed batch that holds it, and the one before it, as they are stored: for whoever verifies them.',
  output: proof,
  example: { input: { id: MESSAGE_ID }, output: { envelope: 'AAECAwQFBgc=', predecessor: 'CAkKCwwNDg8=' } },
}

export const listStoredBy: RestOperation = {
  method: 'GET',
  path: '/messages/{id}/stored-by',
  tag: 'Messages',
  summary: 'Who stores a message of this node',
  description:
    'Of the members that announce its topic. Those that are connected and have not said so yet are asked now, which may take some seconds.',
  output: storedBy,
  waits: true,
  example: {
    input: { id: MESSAGE_ID, receipts: true },
    output: {
      id: MESSAGE_ID,
      topic: 'prices',
      stored: 1,
      members: [
        {
          pastelId: PASTEL_ID,
          state: 'stored',
          receipt: { createdAtMs: TIME_MS, receipt: 'AAECAw==', certificate: 'BAUGBw==' },
        },
      ],
    },
  },
}
