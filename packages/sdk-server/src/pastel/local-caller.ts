import type { IncomingMessage } from 'node:http'
import { LOOPBACK } from '../transport/allowed-hosts.ts'

/** What the system says of a connection from this machine; the last is 127.0.0.1 where a socket takes both families. */
const LOCAL_ADDRESSES: ReadonlySet<string | undefined> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/**
 * What proxies, tunnels and content networks put into what they hand on, and no program does that calls for itself:
 * `Via` (every proxy has to, RFC 9110), `Forwarded` (RFC 7239), `CDN-Loop` (RFC 8586); `X-Forwarded-*`, `X-Original-*`
 * and `X-Real-IP` (nginx, Apache, Traefik, HAProxy, Envoy, load balancers, ngrok); the names of single ones
 * (Cloudflare, Akamai, Fastly, Fly, Azure, Tailscale). One is enough, also without a value: a proxy that is set up badly
 * says little, and whoever calls from elsewhere can only add to it.
 */
const FORWARDING =
  /^(?:via|forwarded|cdn-loop|proxy-connection|x-(?:forwarded|original|envoy|azure|arr|appengine|amzn|vercel)(?:-.+)?|x-(?:real|client|proxyuser)-?ip|x-cluster-client-ip|(?:true|fastly|fly)-client-ip|(?:cf|tailscale|akamai)-.+)$/

/**
 * Why somebody is not taken for a program of this machine that calls by itself; undefined: it is one. What these
 * endpoints do they do without a session, so that everything in between counts against the caller:
 * - a connection from elsewhere;
 * - a proxy on this machine: it says so in a header, or hands on the name by which it is called itself; one that was told
 *   to say nothing speaks HTTP/1.0, as nginx does unless it is told otherwise;
 * - a page in a browser of this machine: what it sends has `Origin` or `Sec-Fetch-Site`, which no page can leave out, and
 *   a name that was made to lead here (DNS rebinding) stands in `Host`.
 */
export function whyNotLocal({ socket, headers, httpVersion }: IncomingMessage): string | undefined {
  if (!LOCAL_ADDRESSES.has(socket.remoteAddress)) return 'it is for programs on the machine of the node'
  const forwarding = Object.keys(headers).find((name) => FORWARDING.test(name))
  if (forwarding !== undefined)
    return `it is not served through a proxy, and the header ${forwarding} is of one`
  if (httpVersion === '1.0') return 'it is not served through a proxy, and HTTP/1.0 is what those speak'
  const host = (headers.host ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
  if (!LOOPBACK.has(host)) return 'it is reached as localhost, 127.0.0.1 or [::1]'
  const site = headers['sec-fetch-site']
  if (headers.origin !== undefined || (site !== undefined && site !== 'none'))
    return 'it is not for pages in browsers'
  return undefined
}
