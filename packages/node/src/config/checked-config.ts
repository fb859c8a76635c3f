import { resolve } from 'node:path'
import type { PastelId } from '@pastel-mesh/identity'
import { parsePastelId } from '@pastel-mesh/identity'
import type { RetentionRules } from '@pastel-mesh/queue'
import type { Rate } from '@pastel-mesh/sdk-node'
import type { HttpServerOptions, MonitoringOptions, RoleLists, ServerOptions } from '@pastel-mesh/sdk-server'
import { z } from 'zod'
import type { NodeLogOptions } from '../log/log-options.ts'
import { readApiListen } from './api-listen.ts'
import { type CheckedPasteld, toCheckedPasteld } from './checked-pasteld.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { isOpenly } from './config-key.ts'
import { CONFIG_KEYS, valueAt } from './config-keys.ts'
import type { Origin } from './origin.ts'
import { withPastelDefaults } from './pastel-defaults.ts'
import type { PluginSections } from './plugin-sections.ts'
import { type ControllerConfig, configSchema, type ReadConfig } from './schema.ts'

/** A configuration that was checked: every key has its value, in plain numbers. */
export interface CheckedConfig {
  /** Absolute. */
  readonly dataDir: string
  readonly network: string
  /** Which PastelID of the folder; undefined: the only one. */
  readonly identity?: PastelId
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly topics: readonly string[]
  readonly relay: boolean
  readonly discover: boolean
  readonly members: 'file' | 'open' | 'pasteld'
  /** Absent: there is no Pastel core. */
  readonly pasteld?: CheckedPasteld
  readonly manyPeersPerHost: boolean
  /** Before the WebSockets of `listen`; the same as before the API. */
  readonly trustedProxies: readonly string[]
  readonly minFreeBytes: number
  readonly syncIntervalMs: number
  readonly historyMs: number
  readonly lostAfterMs: number
  readonly retention: { readonly maxAgeMs: number; readonly maxBytes: number; readonly intervalMs: number }
  readonly mailbox: { readonly enabled: boolean; readonly maxBytes: number; readonly maxSenderBytes: number }
  readonly outbox: { readonly maxBytes: number }
  readonly queue: CheckedQueue
  /** Packages and files, as they are written. */
  readonly plugins: readonly string[]
  /** Absolute: the folder from which they are looked for. */
  readonly pluginsFrom: string
  /** What is set for each plugin, not checked yet. */
  readonly ext: PluginSections
  /** The API by HTTP; `http: false`: none, and no more than the names under which its metrics may be asked for. */
  readonly http: HttpServerOptions & Pick<ServerOptions, 'http'>
  /** Metrics and health; absent: none. */
  readonly monitoring?: MonitoringOptions
  /** Of one session there. */
  readonly callRate: Rate
  /** Who may log in there. */
  readonly roles: RoleLists
  /** `file` is absolute. */
  readonly log: NodeLogOptions
  /** How long a graceful stop may take. */
  readonly stopTimeoutMs: number
  readonly maxBatchMessages: number
  readonly peerRates: ReadConfig['limits']['peerRates']
  readonly senderRates: ReadConfig['limits']['senderRates']
}

/** Where the jobs are, and how they are done. */
export interface CheckedQueue {
  /** `level`: in the node's own database; otherwise the url of a server, which may hold a password. */
  readonly driver: string
  readonly namespace: string
  readonly lockMs: number
  readonly concurrency: number
  readonly maxStalls: number
  readonly retention: RetentionRules
}

/**
 * Checks what a program gave.
 * @throws MeshError ERR_CONFIG: names every key that is wrong, its value and why, one line each
 */
export function checkConfig(config: ControllerConfig): CheckedConfig {
  const { read, problems } = readConfig(config)
  if (read === undefined) throw new ConfigError(problems)
  return toChecked(read)
}

/**
 * Reads a configuration.
 * @param originOf where the value at a path comes from; for the problems
 * @returns `read` is undefined if there are problems
 */
export function readConfig(
  config: ControllerConfig,
  originOf: (path: readonly PropertyKey[]) => Origin | undefined = () => undefined,
): { readonly read?: ReadConfig; readonly problems: readonly ConfigProblem[] } {
  const parsed = configSchema.safeParse(withPastelDefaults(config))
  if (parsed.success) return { read: parsed.data, problems: [] }
  const problems = parsed.error.issues.flatMap((issue) => {
    // zod reports the object that has them.
    const paths =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    const reason = issue.code === 'unrecognized_keys' ? 'there is no such key' : issue.message
    return paths.map((path) => {
      const dotted = z.core.toDotPath(path)
      const isSecret = CONFIG_KEYS.some((key) => !isOpenly(key) && dotted.startsWith(key.path))
      return {
        key: dotted || 'configuration',
        value: isSecret ? undefined : valueAt(config, path),
        origin: originOf(path),
        reason,
      }
    })
  })
  return { problems }
}

export function toChecked(read: ReadConfig): CheckedConfig {
  const { disk, sync, retention, mailbox, outbox, queue, api, metrics, log, stop, limits, ...rest } = read
  const { identity, pasteld: _, ...same } = rest
  const dataDir = resolve(rest.dataDir)
  const pasteld = toCheckedPasteld(read, dataDir)
  const monitoring = readApiListen(metrics.listen)
  return {
    ...same,
    dataDir,
    ...(pasteld === undefined ? {} : { pasteld }),
    pluginsFrom: resolve(rest.pluginsFrom ?? '.'),
    trustedProxies: api.proxies,
    ...(identity === undefined ? {} : { identity: parsePastelId(identity) }),
    minFreeBytes: disk.minFree,
    syncIntervalMs: sync.interval,
    historyMs: sync.history,
    lostAfterMs: sync.lostAfter,
    retention: {
      maxAgeMs: retention.maxAge,
      maxBytes: retention.maxSize,
      intervalMs: retention.interval,
    },
    mailbox: {
      enabled: mailbox.enabled,
      maxBytes: mailbox.maxSize,
      maxSenderBytes: mailbox.maxSenderSize,
    },
    outbox: { maxBytes: outbox.maxSize },
    queue: toCheckedQueue(queue),
    http: toHttp(api),
    ...(monitoring === undefined ? {} : { monitoring }),
    callRate: api.callRate,
    roles: { admins: api.admins, operators: api.operators, viewers: api.viewers },
    log: { ...log, ...(log.file === undefined ? {} : { file: resolve(dataDir, log.file) }) },
    stopTimeoutMs: stop.timeout,
    ...limits,
  }
}

function toHttp({ listen, hosts, urls, proxies, origins }: ReadConfig['api']): CheckedConfig['http'] {
  const address = readApiListen(listen)
  if (address === undefined) return { http: false, allowedHosts: hosts }
  return {
    ...address,
    allowedHosts: hosts,
    publicUrls: urls,
    trustedProxies: proxies,
    corsOrigins: origins,
  }
}

function toCheckedQueue({ lockTime, retention, ...same }: ReadConfig['queue']): CheckedQueue {
  const rule = ({ maxAge, maxCount }: ReadConfig['queue']['retention']['done']) => ({
    ageMs: maxAge,
    count: maxCount,
  })
  return {
    ...same,
    lockMs: lockTime,
    retention: {
      done: rule(retention.done),
      failed: rule(retention.failed),
      cancelled: rule(retention.cancelled),
      expired: rule(retention.expired),
    },
  }
}
