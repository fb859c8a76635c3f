/** Values that the examples of the document are made of. */
export const PASTEL_ID =
  'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7'
export const MESSAGE_ID = 'bmyfk6u7ytuq4m2ypwrmp3argy-17'
export const DIRECT_ID = 'avqlwftrzqtyfxjyspxetjh7li-3'
const CURSOR = 'AQIDBAUGBwgJCgsMDQ4PEAAAAAAAAAASAQIDBAUGBwg'
export const TIME_MS = 1_769_860_800_000

export const TOPIC_MESSAGE = {
  id: MESSAGE_ID,
  sender: PASTEL_ID,
  topic: 'prices',
  position: 17,
  arrival: 17,
  cursor: CURSOR,
  type: 'price',
  createdAtMs: TIME_MS,
  receivedAtMs: TIME_MS + 12,
  headers: { currency: 'usd' },
  json: { usd: 1.25 },
}

export const DIRECT_MESSAGE = {
  id: DIRECT_ID,
  sender: PASTEL_ID,
  direct: 'received',
  recipient: PASTEL_ID,
  position: 3,
  arrival: 18,
  cursor: CURSOR,
  type: 'text',
  createdAtMs: TIME_MS,
  receivedAtMs: TIME_MS + 12,
  expiresAtMs: TIME_MS + 604_800_000,
  headers: {},
  text: 'hello',
}

export const DELIVERY = {
  id: DIRECT_ID,
  recipient: PASTEL_ID,
  state: 'left-with-mailboxes',
  isConnected: false,
  mailboxes: [PASTEL_ID],
  expiresAtMs: TIME_MS + 604_800_000,
}
