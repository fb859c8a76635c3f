import { MeshError } from '@pastel-mesh/identity'
import { isAllowedHost } from '../transport/allowed-hosts.ts'

/** Characters of a URL, and none that breaks a line or hides something. */
const VISIBLE = /^https?:\/\/[!-~]+$/i

/**
 * The domain that a challenge is for: host and port of where the client says that it reaches the server.
 * @param allowedHosts as those of requests
 * @throws MeshError ERR_HOST: it is no URL of this server
 */
export function domainOf(uri: string, allowedHosts: readonly string[]): string {
  const url = VISIBLE.test(uri) && URL.canParse(uri) ? new URL(uri) : undefined
  const isPlain = url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (url === undefined || !isPlain) {
    throw new MeshError('ERR_HOST', 'give the URL of this server, such as http://127.0.0.1:7123')
  }
  if (isAllowedHost(url.host, allowedHosts)) return url.host
  throw new MeshError(
    'ERR_HOST',
    `this server is not reached as ${url.host}: api.hosts names what it is reached as`,
  )
}
