import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { hasCore } from './pastel-defaults.ts'
import { type RoleRule, readRoleRule } from './role-rule.ts'
import type { ReadConfig } from './schema.ts'

/** The Pastel core, and what it is used for. Paths are absolute. */
export interface CheckedPasteld {
  /** The core's `pastel.conf`; undefined: the one in the core's own folder. */
  readonly conf?: string
  readonly url?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly concurrency: number
  /** The node's PastelID, if the core has its key. */
  readonly signer?: PastelId
  /** Undefined: somebody is asked for the passphrase. */
  readonly passphraseFile?: string
  readonly statuses: readonly string[]
  readonly roles: readonly RoleRule[]
  readonly maxListAgeMs: number
  /** Undefined: there is none. */
  readonly bridge?: { readonly afterMs: number; readonly pollMs: number }
  /** Whether Pastel's own HTTP endpoints are served. */
  readonly endpoints: boolean
}

/** Undefined: there is no core. */
export function toCheckedPasteld({ pasteld, api }: ReadConfig, dataDir: string): CheckedPasteld | undefined {
  if (!hasCore({ pasteld })) return undefined
  const { conf, url, user, passwordFile, concurrency, signer, passphraseFile, members, bridge } = pasteld
  const pathIn = (path: string) => resolve(dataDir, path.replace(/^~(?=\/)/, homedir()))
  return {
    ...(conf === 'off' || conf === 'default' ? {} : { conf: pathIn(conf) }),
    ...(url === undefined ? {} : { url: url.replace(/\/$/, '') }),
    ...(user === undefined ? {} : { user }),
    ...(passwordFile === undefined ? {} : { passwordFile: pathIn(passwordFile) }),
    concurrency,
    ...(signer === undefined ? {} : { signer: parsePastelId(signer) }),
    ...(passphraseFile === undefined ? {} : { passphraseFile: pathIn(passphraseFile) }),
    statuses: members.statuses,
    roles: members.roles.map(readRoleRule),
    maxListAgeMs: members.maxAge,
    ...(bridge.enabled ? { bridge: { afterMs: bridge.after, pollMs: bridge.poll } } : {}),
    endpoints: api.pastel,
  }
}
