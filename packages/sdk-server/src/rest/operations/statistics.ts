import type { RestOperation } from '../rest-operation.ts'
import { countPage, totals } from '../schemas.ts'
import { PASTEL_ID } from './examples.ts'

const COUNTS = { messages: 18, batches: 4, bytes: 2_304 }

export const readTotals: RestOperation = {
  method: 'GET',
  path: '/statistics',
  tag: 'Statistics',
  summary: 'Totals',
  description: 'What this node ever took in, own messages included, and what it stores now.',
  output: totals,
  example: { output: { taken: COUNTS, stored: { ...COUNTS, floor: 0, end: 18 } } },
}

export const listCounts: RestOperation = {
  method: 'GET',
  path: '/statistics/counts',
  tag: 'Statistics',
  summary: 'By sender, by receiver, or by both',
  description:
    'The largest first, or with the order `first` in one that stays while they grow. A receiver is a topic, or the inbox of a PastelID. With `topic` the senders of it, with `sender` the receivers of it.',
  output: countPage,
  example: {
    input: { by: 'pair', order: 'messages', limit: 10 },
    output: {
      counts: [{ sender: PASTEL_ID, topic: 'prices', ...COUNTS }],
      size: 1,
      others: { messages: 0, batches: 0, bytes: 0 },
    },
  },
}
