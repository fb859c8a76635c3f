import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

/**
 * The headers that helmet sets, worked out once: anew for each request they would be a notable part of a call. Without
 * those that demand TLS: whether there is any, and for which names, whoever is before the server knows and says, and on
 * a plain address they would make browsers go where nothing answers.
 */
export function securityHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  const recorder = {
    setHeader(name: string, value: string) {
      headers[name.toLowerCase()] = value
    },
    removeHeader() {},
  }
  const contentSecurityPolicy = { directives: { upgradeInsecureRequests: null } }
  helmet({ strictTransportSecurity: false, contentSecurityPolicy })(
    {} as IncomingMessage,
    recorder as unknown as ServerResponse,
    () => {},
  )
  return headers
}
