/** As they stand in a URL. */
export const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a request is meant for this server: a page that a browser has loaded from `evil.example`, a name that points
 * here since, asks for `evil.example`.
 * @param host the header, with or without a port
 * @param allowed names beside those of the loopback, without ports
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  const name = (host ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
  return LOOPBACK.has(name) || allowed.some((one) => one.toLowerCase() === name)
}
