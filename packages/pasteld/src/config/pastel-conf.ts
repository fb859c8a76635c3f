import { isIPv6 } from 'node:net'
import type { PastelNetwork } from './pastel-network.ts'
import { PasteldConfigError } from './pasteld-config-error.ts'

/** What `pastel.conf` says that matters to whoever calls the core. */
export interface PastelConf {
  readonly network: PastelNetwork
  readonly rpcuser?: string
  readonly rpcpassword?: string
  readonly rpcport?: number
  readonly rpcconnect?: string
  readonly datadir?: string
}

const NETWORK_KEYS = ['testnet', 'devnet', 'regtest'] as const
const TEXT_KEYS = ['rpcuser', 'rpcpassword', 'rpcconnect', 'datadir'] as const
const MAX_PORT = 65_535

/** A value, and the line where it stands. */
interface Entry {
  readonly value: string
  readonly line: number
}

/**
 * Reads `pastel.conf` as the core does: `key=value` in each line, of several the first; `#` begins a comment wherever it
 * stands, in a password as well; below a `[section]` nothing is the core's.
 *
 * @param path names the file in errors, which never quote a line: it may hold the password
 * @throws PasteldConfigError ERR_PASTELD_CONFIG: names file, line and what to do
 */
export function parsePastelConf(text: string, path: string): PastelConf {
  const entries = readEntries(text, path)
  const networks = NETWORK_KEYS.filter((key) => isOn(entries.get(key), key, path))
  if (networks.length > 1) {
    const line = entries.get(networks[1] as string)?.line
    throw new PasteldConfigError(
      `${path}, line ${line}: ${networks.join(' and ')} at once: leave one of them`,
    )
  }
  const texts = TEXT_KEYS.flatMap((key) => {
    const value = entries.get(key)?.value
    return value === undefined || value === '' ? [] : [[key, value]]
  })
  const host = entries.get('rpcconnect')
  if (host !== undefined && host.value !== '') assertHost(host, path)
  const port = entries.get('rpcport')
  return {
    network: networks[0] ?? 'mainnet',
    ...Object.fromEntries(texts),
    ...(port !== undefined && { rpcport: parsePort(port, path) }),
  }
}

function readEntries(text: string, path: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  let isInSection = false
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const [content = ''] = raw.split('#')
    const trimmed = content.trim()
    if (trimmed === '') continue
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
      isInSection = true
      continue
    }
    const at = trimmed.indexOf('=')
    if (at < 1) {
      throw new PasteldConfigError(`${path}, line ${index + 1}: not key=value, nor a comment (#): correct it`)
    }
    const key = trimmed.slice(0, at).trim()
    if (isInSection || entries.has(key)) continue
    entries.set(key, { value: trimmed.slice(at + 1).trim(), line: index + 1 })
  }
  return entries
}

function isOn(entry: Entry | undefined, key: string, path: string): boolean {
  if (entry === undefined || entry.value === '0') return false
  // The core takes a key without a value for one that is on.
  if (entry.value === '1' || entry.value === '') return true
  throw new PasteldConfigError(`${path}, line ${entry.line}: ${key} is 0 or 1: correct it`)
}

function assertHost({ value, line }: Entry, path: string): void {
  if (isIPv6(value) || (!/[/?@:\\]/.test(value) && URL.canParse(`http://${value}:1`))) return
  throw new PasteldConfigError(
    `${path}, line ${line}: rpcconnect is a name or an address, without a port: correct it`,
  )
}

function parsePort({ value, line }: Entry, path: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (port >= 1 && port <= MAX_PORT) return port
  throw new PasteldConfigError(`${path}, line ${line}: rpcport is a number from 1 to ${MAX_PORT}: correct it`)
}
