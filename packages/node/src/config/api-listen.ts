import { MeshError } from '@pastel-mesh/identity'

export interface ApiListen {
  readonly host: string
  readonly port: number
}

const ADDRESS = /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i

/**
 * `ADDRESS:PORT`, `*:PORT` or `off`; as it is written.
 * @throws MeshError ERR_ADDRESS
 */
export function parseApiListen(text: string): string {
  if (text !== 'off') readApiListen(text)
  return text
}

/** Undefined: `off`. @throws MeshError ERR_ADDRESS */
export function readApiListen(text: string): ApiListen | undefined {
  if (text === 'off') return undefined
  const [, host = '', digits = ''] = ADDRESS.exec(text) ?? []
  const port = Number(digits)
  if (host === '' || port > 65_535) {
    throw new MeshError('ERR_ADDRESS', 'not ADDRESS:PORT such as 127.0.0.1:7123, and not off')
  }
  return { host: host === '*' ? '::' : host.replace(/^\[|\]$/g, ''), port }
}
