/** What the fields of the API are called here, where whoever reads of them has typed them. */
const NAMES: Readonly<Record<string, string>> = {
  sender: '--from',
  replyTo: '--reply-to',
  expiresAtMs: '--expires',
  pastelId: 'PASTELID',
  target: 'TARGET',
  topic: 'the topic',
  type: '--type',
  role: '--role',
  headers: '--header',
  since: '--since',
  until: '--until',
  limit: '--limit',
  id: 'ID',
  name: 'NAME',
  to: '--to',
  cron: '--cron',
  timeZone: '--time-zone',
  dedupKey: '--dedup-key',
  scopes: '--scope',
  expiresAt: '--expires',
  overlapMs: '--overlap',
}

/** Names that are no words, and so mean the field wherever they stand. */
const FIELDS = /\b(replyTo|expiresAtMs|pastelId|dedupKey|expiresAt|overlapMs)\b/g
/** A field that a problem of an input begins with: `sender: …`, `messages[3].replyTo: …`, `timing.cron: …`. */
const SUBJECTS =
  /(?<=(?:^the input is wrong: |; ))(?:messages\[\d+\]\.|timing\.)?(\w+)(?:\[\d+\](?=:))?(?=[:.])/g

/** A message of the API about what was wrong with an input, in the words of the command line. */
export function inFlags(message: string): string {
  return message
    .replace(SUBJECTS, (subject, field: string) => NAMES[field] ?? subject)
    .replace(FIELDS, (field) => NAMES[field] ?? field)
}
