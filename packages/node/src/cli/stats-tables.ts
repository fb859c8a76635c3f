/** By the names that Pastel's own message tables have. */
export const STATS_TABLES = [
  'message_metadata',
  'message_sender_metadata',
  'message_receiver_metadata',
  'message_sender_receiver_metadata',
] as const

export type StatsTable = (typeof STATS_TABLES)[number]
