import { MeshError } from '@pastel-mesh/identity'
import { LOOPBACK } from './allowed-hosts.ts'

/** Of each URL at which a server is reached: scheme, name and port. @throws MeshError ERR_PUBLIC_URL */
export function originsOf(urls: readonly string[]): string[] {
  return urls.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.origin
    throw new MeshError('ERR_PUBLIC_URL', `${text} is no URL of a server, such as https://node.example`)
  })
}

/** Where a server is reached that is behind nothing. @param names beside those of the loopback */
export function listeningOrigins(port: number, names: readonly string[]): string[] {
  return [...LOOPBACK, ...names]
    .map((name) => `http://${name}:${port}`)
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url).origin)
}
