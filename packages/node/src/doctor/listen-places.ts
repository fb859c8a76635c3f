import { multiaddr } from '@multiformats/multiaddr'
import type { CheckedConfig } from '../config/checked-config.ts'

/** Something that a node is to listen on. */
export interface ListenPlace {
  /** Key of the configuration. */
  readonly key: 'listen' | 'api.listen' | 'metrics.listen'
  readonly flag: string
  /** As it is written. */
  readonly text: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export function listenPlaces({ listen, http, monitoring }: CheckedConfig): ListenPlace[] {
  return [
    ...listen.map((text): ListenPlace => {
      const { host, port } = multiaddrPlace(text)
      return { key: 'listen', flag: '--listen', text, host, port }
    }),
    ...(http.http === false ? [] : [served('api.listen', '--api-listen', http)]),
    ...(monitoring === undefined ? [] : [served('metrics.listen', '--metrics-listen', monitoring)]),
  ]
}

/** Host and port of a multiaddr over TCP. */
export function multiaddrPlace(address: string): { readonly host: string; readonly port: number } {
  const parts = multiaddr(address).getComponents()
  const host = parts[0]?.value ?? ''
  return { host, port: Number(parts.find(({ name }) => name === 'tcp')?.value ?? 0) }
}

function served(
  key: ListenPlace['key'],
  flag: string,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number },
): ListenPlace {
  return { key, flag, text: `${host.includes(':') ? `[${host}]` : host}:${port}`, host, port }
}
