import { isIP } from 'node:net'

/** As they stand in a URL. */
export const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a request is meant for this server: a page that a browser has loaded from `evil.example`, a name that points
 * here since, asks for `evil.example`. An IP address is no name: nobody can have it point here.
 * @param host the header, with or without a port
 * @param allowed names beside those of the loopback, without ports
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  const name = (host ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true
  return LOOPBACK.has(name) || allowed.some((one) => one.toLowerCase() === name)
}
