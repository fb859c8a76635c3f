import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import type { Finding, State } from './check.ts'

/** What a system says that has no way to any address of that kind. */
const NO_ROUTE: readonly (string | undefined)[] = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']

const GRAVITY: readonly State[] = ['not-checked', 'ok', 'warning', 'failed']

/** What was found at one of the addresses that a name has. */
export interface FoundAt {
  /** None: it has none. */
  readonly ip: string | undefined
  readonly finding: Finding
}

/**
 * The first address of each family that a name has, for some callers have the one and some the other; IPv4 first.
 * @param family that is asked for; 0: both
 */
export async function eachFamily(host: string, family: 0 | 4 | 6 = 0): Promise<readonly string[]> {
  const all = await lookup(host, { all: true, family })
  return [4, 6].flatMap((wanted) => all.find((one) => one.family === wanted)?.address ?? [])
}

/** Whether it failed because this machine has no IPv6 route, which says nothing of who is to be there. */
export function isWithoutRoute(ip: string, error: unknown): boolean {
  return isIPv6(ip) && NO_ROUTE.includes((error as NodeJS.ErrnoException).code)
}

/** What is said of an address that cannot be looked at from here. */
export const WITHOUT_ROUTE: Finding = {
  state: 'not-checked',
  message: 'not checked: this machine has no IPv6 route',
}

/** Puts together what was found at the addresses of a host, the gravest first; where it is a name, with where it was found. */
export function inOneLine(host: string, found: readonly FoundAt[]): Finding {
  const sorted = found.toSorted((a, b) => gravityOf(b) - gravityOf(a))
  const gravest = sorted[0]?.finding as Finding
  if (isIP(host) !== 0 || found[0]?.ip === undefined) return gravest
  const places = Map.groupBy(sorted, ({ finding }) => finding.message)
  const parts = [...places].map(([text, at]) => `${text}, at ${at.map(({ ip }) => ip).join(' and ')}`)
  const measured = { ...gravest.measured, addresses: found.map(({ ip }) => ip) }
  return { ...gravest, message: parts.join('; '), measured }
}

function gravityOf({ finding }: FoundAt): number {
  return GRAVITY.indexOf(finding.state)
}
