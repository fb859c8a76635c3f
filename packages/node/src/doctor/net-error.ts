/** What the system's codes mean to whoever gave an address. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the resolver does not answer',
  EAI_NODATA: 'the name has no address',
  EHOSTUNREACH: 'there is no way to it from here',
  ENETUNREACH: 'there is no way to it from here',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it hung up',
  EPIPE: 'it hung up',
  EACCES: 'a firewall of this machine forbids it',
  EPERM: 'a firewall of this machine forbids it',
}

/** Why a connection failed, in a few words. */
export function describeNetError(error: unknown): string {
  // One for each address of a name.
  const [first] = error instanceof AggregateError ? error.errors : [error]
  const { code = '', message } = (first ?? error) as NodeJS.ErrnoException
  const meaning = MEANINGS[code]
  return meaning === undefined ? (message.split('\n')[0] ?? '') : `${meaning} (${code})`
}
