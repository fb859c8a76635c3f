import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { LOOPBACK } from '../transport/allowed-hosts.ts'

/** What the system says of a connection from this machine; the last is 127.0.0.1 where a socket takes both families. */
const LOCAL_ADDRESSES: ReadonlySet<string | undefined> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/**
 * What proxies, tunnels and content networks put into what they hand on, and no program does that calls for itself:
 * `Via` (every proxy has to, RFC 9110), `Forwarded` (RFC 7239), `CDN-Loop` (RFC 8586); `X-Forwarded-*`, `X-Original-*`
 * and `X-Real-IP` (nginx, Apache, Traefik, HAProxy, Envoy, load balancers, ngrok); the names of single ones
 * (Cloudflare, Akamai, Fastly, Fly, Azure, Tailscale). A part of a name is enough, with `_` as with `-`, and one header
 * also without a value: a proxy that is set up badly says little, and whoever calls from elsewhere can only add to it.
 */
const FORWARDING =
  /forward|proxy|proxied|client-?(?:ip|addr|host|port|cert|dn)|remote-?(?:ip|addr|host|user|port)|original|originat|connecting-?ip|real-?ip|x-(?:host|port|scheme|proto|url|uri|rewrite|accel|envoy|azure|arr|appengine|amzn|vercel|varnish|cache|gateway|ssl|tls|cluster|peer|source|user-ip|ip)(?:-|$)|host-override|url-scheme|front-end-https|(?:^|-)via(?:-|$)|cdn-|true-client|^(?:cf|fly|tailscale|ngrok)-|fastly|akamai|cloudflare|cloudfront|incap|sucuri/

/**
 * Why somebody is not taken for a program of this machine that calls by itself; undefined: it is one. What these
 * endpoints do they do without a session, so that everything in between counts against the caller:
 * - a connection from elsewhere;
 * - a proxy on this machine: it says so in a header, or hands on the name by which it is called itself; one that was told
 *   to say nothing speaks HTTP/1.0, as nginx does unless it is told otherwise;
 * - a page in a browser of this machine: what it sends has `Origin`, `Sec-Fetch-*` or the `Referer` of elsewhere, and a
 *   name that was made to lead here (DNS rebinding) stands in `Host`.
 */
export function whyNotLocal(request: IncomingMessage): string | undefined {
  const { socket, headers, rawHeaders, httpVersion, url = '' } = request
  if (!LOCAL_ADDRESSES.has(socket.remoteAddress)) return 'it is for programs on the machine of the node'
  const forwarding = Object.keys(headers).find((name) => FORWARDING.test(name.replaceAll('_', '-')))
  if (forwarding !== undefined)
    return `it is not served through a proxy, and the header ${forwarding} is of one`
  if (httpVersion === '1.0') return 'it is not served through a proxy, and HTTP/1.0 is what those speak'
  if (!url.startsWith('/'))
    return 'it is not served through a proxy, and a whole URL is what those are asked for'
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length !== 1) return 'it is asked for with one header Host'
  const host = (headers.host ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
  if (!LOOPBACK.has(host)) return 'it is reached as localhost, 127.0.0.1 or [::1]'
  return isOfPage(headers) ? 'it is not for pages in browsers' : undefined
}

/** What a person typed is none: of that a browser says `none`. */
function isOfPage(headers: IncomingHttpHeaders): boolean {
  const { origin, referer, host = '' } = headers
  if (origin !== undefined || (referer !== undefined && hostOf(referer) !== host.toLowerCase())) return true
  const said = Object.keys(headers).filter((name) => name.replaceAll('_', '-').startsWith('sec-fetch-'))
  const mode = headers['sec-fetch-mode'] ?? 'navigate'
  // So much says the fetch of Node; a browser that says anything says of which site the page is.
  if (said.length === 1 && said[0] === 'sec-fetch-mode' && mode === 'cors') return false
  return said.length > 0 && (headers['sec-fetch-site'] !== 'none' || mode !== 'navigate')
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
