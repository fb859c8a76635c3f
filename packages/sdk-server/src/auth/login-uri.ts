import { MeshError } from '@pastel-mesh/identity'

/** Addresses that a refusal names. */
const MAX_NAMED = 3
/** Characters of a URL, and none that breaks a line or hides something. */
const VISIBLE = /^https?:\/\/[!-~]+$/i

/**
 * The domain that a challenge is for: host and port of where the client says that it reaches the server.
 * @param origins those at which it is reached: a challenge of what listens on another port, or without TLS, is another
 * @throws MeshError ERR_HOST: it is no URL of this server
 */
export function domainOf(uri: string, origins: readonly string[]): string {
  const url = VISIBLE.test(uri) && URL.canParse(uri) ? new URL(uri) : undefined
  const isPlain = url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (url === undefined || !isPlain) {
    throw new MeshError('ERR_HOST', 'give the URL of this server, such as http://127.0.0.1:7123')
  }
  if (origins.includes(url.origin)) return url.host
  throw new MeshError(
    'ERR_HOST',
    `this server is not reached at ${url.origin}: log in at ${origins.slice(0, MAX_NAMED).join(' or ')}, or name the other in api.urls`,
  )
}
