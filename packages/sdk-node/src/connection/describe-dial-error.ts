/** What the system says when an address cannot be reached, and what that means to whoever gave the address. */
const MEANINGS: readonly (readonly [text: RegExp, meaning: string])[] = [
  [/ECONNREFUSED/, 'nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name is not known'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no way to it from here'],
  [/ETIMEDOUT|timed? ?out|aborted/i, 'it does not answer'],
  [/ECONNRESET|EPIPE/, 'it hung up'],
]

/**
 * What each attempt to reach an address failed with, once, and what that means; one line. libp2p gives several lines
 * when there were several addresses.
 */
export function describeDialError(cause: unknown): string {
  const errors = cause instanceof AggregateError ? cause.errors : [cause]
  return [...new Set(errors.map(describeOne))].join('; ')
}

function describeOne(error: unknown): string {
  const [line = ''] = String((error as Error).message).split('\n')
  const [, meaning] = MEANINGS.find(([text]) => text.test(line)) ?? []
  return meaning === undefined ? line : `${line}: ${meaning}`
}
